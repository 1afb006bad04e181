"""Find duplicate images, and distinguish them from images that only share a UID."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from ctiqa.errors import Reason
from ctiqa.io.grouping.order import by_file, z_steps
from ctiqa.types import Skipped, SliceHeader

Fingerprint = tuple[str, bytes]
"""Encoding of the pixels, and digest of their bytes."""

FingerprintOf = Callable[[SliceHeader], Fingerprint | None]
"""Fingerprint of the stored pixels of a slice; ``None`` if unavailable."""

Key = Callable[[SliceHeader], Hashable | None]


def drop_copies(
    headers: Iterable[SliceHeader], fingerprint: FingerprintOf
) -> tuple[list[SliceHeader], list[Skipped]]:
    """Find duplicate images.

    Files with the same SOPInstanceUID and position are copies, unless they have the same encoding
    and different pixels: some anonymisers give many images one UID. Single-frame files with the
    same position, acquisition and pixel bytes are also copies, whatever their UIDs, within a series
    or if a whole series is a copy. Of two copies the lossless one is kept, else the first by path.

    Args:
        headers: Slices in any order.
        fingerprint: Called only for possible copies.

    Returns:
        The headers to keep, by path, and the files left out.
    """
    ranked = sorted(headers, key=lambda header: ("lossy" in header.flags, *by_file(header)))
    kept, named = _drop(ranked, _owners(ranked, _same_name, _OfOneName, fingerprint))
    frames = Counter(header.source.file for header in kept)

    def place(header: SliceHeader) -> Hashable | None:
        return _same_place(header) if frames[header.source.file] == 1 else None

    owners = _owners(kept, place, _OfOnePlace, fingerprint)
    kept, placed = _drop(kept, _whole(owners, kept))
    return sorted(kept, key=by_file), [*named, *placed]


def drop_copies_of_series(
    headers: Iterable[SliceHeader], fingerprint: FingerprintOf
) -> tuple[list[SliceHeader], list[Skipped]]:
    """Find duplicate images within each series, as :func:`drop_copies` does.

    Args:
        headers: Slices in any order.
        fingerprint: Called only for possible copies.

    Returns:
        The headers to keep, by path, and the files left out.
    """
    series: dict[str | None, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        series[header.source.series_uid].append(header)
    kept: list[SliceHeader] = []
    copies: list[Skipped] = []
    for slices in series.values():
        stay, leave = drop_copies(slices, fingerprint)
        kept.extend(stay)
        copies.extend(leave)
    return sorted(kept, key=by_file), copies


class _OfOneName:
    """Slices with the same UID and position; decides which are copies."""

    def __init__(self, owner: SliceHeader, fingerprint: FingerprintOf) -> None:
        self._fingerprint = fingerprint
        self._first = owner
        self._owners: dict[Fingerprint | None, SliceHeader] = {}

    def owner_of(self, header: SliceHeader) -> SliceHeader | None:
        # A lossy copy differs from its original and ranks behind it.
        if "lossy" in header.flags:
            return self._first
        if not self._owners:
            self._owners[self._fingerprint(self._first)] = self._first
        found = self._fingerprint(header)
        if found is None or found in self._owners:
            return self._owners.get(found, None)
        if found[0] not in {known[0] for known in self._owners if known is not None}:
            return self._first
        self._owners[found] = header
        return None


class _OfOnePlace:
    """Slices with the same position and acquisition; decides which are copies."""

    def __init__(self, owner: SliceHeader, fingerprint: FingerprintOf) -> None:
        self._fingerprint = fingerprint
        self._owners: dict[Fingerprint, SliceHeader] = {}
        self._learn(owner)

    def owner_of(self, header: SliceHeader) -> SliceHeader | None:
        return self._learn(header)

    def _learn(self, header: SliceHeader) -> SliceHeader | None:
        found = self._fingerprint(header)
        if found is None:
            return None
        owner = self._owners.setdefault(found, header)
        return None if owner is header else owner


def _whole(
    owners: Mapping[SliceHeader, SliceHeader], headers: Sequence[SliceHeader]
) -> dict[SliceHeader, SliceHeader]:
    """Copies within a series, and series that consist only of copies of another.

    Series that merely overlap are kept.
    """
    unique = {header.source.series_uid for header in headers if header not in owners}
    return {
        header: owner
        for header, owner in owners.items()
        if header.source.series_uid == owner.source.series_uid
        or header.source.series_uid not in unique
    }


def _drop(
    headers: Sequence[SliceHeader], owners: Mapping[SliceHeader, SliceHeader]
) -> tuple[list[SliceHeader], list[Skipped]]:
    """Leave out files whose slices are all copies of slices of other files."""
    stay = {header.source.file for header in headers if header not in owners}
    copies = {
        header.source.file: Skipped(
            header.source.file,
            Reason.DUPLICATE,
            f"the same image as '{owner.source.file.name}'",
            owner.source.file,
        )
        for header, owner in owners.items()
        if header.source.file not in stay
    }
    return [header for header in headers if header.source.file in stay], list(copies.values())


def _owners(
    headers: Sequence[SliceHeader],
    key: Key,
    group: type[_OfOneName | _OfOnePlace],
    fingerprint: FingerprintOf,
) -> dict[SliceHeader, SliceHeader]:
    """The copies, each with its original."""
    alike: dict[Hashable, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        if (identity := key(header)) is not None:
            alike[identity].append(header)
    found: dict[SliceHeader, SliceHeader] = {}
    for first, *others in alike.values():
        strangers = [other for other in others if other.source.file != first.source.file]
        known = group(first, fingerprint) if strangers else None
        for other in strangers:
            if known is not None and (owner := known.owner_of(other)) is not None:
                found[other] = owner
    return found


def _same_name(header: SliceHeader) -> Hashable | None:
    """Key of possible copies with the same UID."""
    uid = header.source.instance_uid
    return None if uid is None else (uid, z_steps(header), header.rows, header.cols)


def _same_place(header: SliceHeader) -> Hashable | None:
    """Key of possible copies with different UIDs."""
    if header.source.series_uid is None:
        return None
    position = z_steps(header)
    place = header.source.series_uid if position is None else position
    geometry = header.rows, header.cols, header.spacing_mm, header.orientation
    return place, geometry, header.acquisition
