"""Match the scans of two sets: a single scan with a single one, several by folder or by UID."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ctiqa.benchmarking.sets import ImageSet, stem, title
from ctiqa.errors import DataError, some
from ctiqa.text.plain_text import clean
from ctiqa.types import Scan


def match_scans(reference: ImageSet, other: ImageSet) -> dict[int, int]:
    """Index of the scan of the other set, by index of the scan of the reference.

    Scans are matched by the first of these that tells them apart in both sets and that some of
    them have in common: the folder or file below the path of the set, the SeriesInstanceUID, the
    StudyInstanceUID. Scans without partner may be left in one of the sets, not in both.

    Raises:
        DataError: If the scans cannot be matched without doubt.
    """
    if len(reference.scans) == len(other.scans) == 1:
        return {0: 0}
    for name, key in _KEYS.items():
        there, here = ([key(each, scan) for scan in each.scans] for each in (reference, other))
        if _distinct(there) and _distinct(here) and set(there) & set(here):
            return _paired(there, here, name, title(other.name))
    raise DataError(
        f"the {_scans(other)} of {title(other.name)} cannot be matched to the {_scans(reference)} "
        f"of the reference: neither {', '.join(_KEYS)} tells them apart and agrees; put every scan "
        "in a folder of its own, with the same names in every set"
    )


def scan_names(images: ImageSet) -> list[str]:
    """Names of the scans of a set: the place below its path, or the series where that repeats."""
    places = [_place(images, scan) for scan in images.scans]
    return [
        place if places.count(place) == 1 else scan.series_uid
        for place, scan in zip(places, images.scans, strict=True)
    ]


def _paired(there: Sequence[str], here: Sequence[str], by: str, called: str) -> dict[int, int]:
    places = {key: index for index, key in enumerate(here)}
    pairs = {index: places[key] for index, key in enumerate(there) if key in places}
    if len(pairs) < min(len(there), len(here)):
        extra, lacking = (
            some((clean(key) for key in keys if key not in others), 3)
            for keys, others in ((here, there), (there, here))
        )
        raise DataError(
            f"matching scans by {by} leaves doubt: without partner are {extra} of {called} and "
            f"{lacking} of the reference; give them the same name, or leave them out"
        )
    return pairs


def _place(images: ImageSet, scan: Scan) -> str:
    """Folder or file of a scan below the path of its set, without suffix."""
    try:
        below = scan.path.relative_to(images.path)
    except ValueError:
        below = scan.path
    if below == Path():
        return stem(images.path.name)
    return (below.parent / stem(below.name)).as_posix()


def _series(_images: ImageSet, scan: Scan) -> str:
    return scan.series_uid


def _study(_images: ImageSet, scan: Scan) -> str:
    return " ".join(scan.headers[0].source.study_uids[:1])


_KEYS: Mapping[str, Callable[[ImageSet, Scan], str]] = {
    "folder": _place,
    "series": _series,
    "study": _study,
}


def _distinct(keys: Sequence[str]) -> bool:
    return all(keys) and len(set(keys)) == len(keys)


def _scans(images: ImageSet) -> str:
    count = len(images.scans)
    return f"{count} scan{'' if count == 1 else 's'}"
