"""From loose slices to series: grouped, freed of duplicates, sorted and looked over."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ctiqa.errors import Reason
from ctiqa.types import Scan, Skipped, SliceHeader

SAME_DIRECTION = 0.02
"""Largest difference between direction cosines of one orientation."""

SAME_POSITION_MM = 0.001
GAP_FACTOR = 1.5
"""A step this many times the usual one is a gap."""


def group(
    headers: Iterable[SliceHeader], remarks: Mapping[Path, Sequence[str]] | None = None
) -> list[Scan]:
    """Put slices into scans.

    Args:
        headers: Slices in any order, without duplicates.
        remarks: Sentences about some files, which become warnings of their scans.

    Returns:
        Scans by name; the result does not depend on the order of the headers.
    """
    series: dict[str, list[SliceHeader]] = defaultdict(list)
    for header in sorted(headers, key=_by_file):
        series[header.source.series_uid or str(header.source.file)].append(header)
    scans: list[Scan] = []
    for key in sorted(series):
        scans.extend(_scans(series[key], remarks or {}))
    return scans


def drop_copies(
    headers: Iterable[SliceHeader], digest: Callable[[SliceHeader], bytes | None]
) -> tuple[list[SliceHeader], list[Skipped]]:
    """Find images that are there twice.

    Two files with one SOPInstanceUID are copies; so are two single-frame files of a series at
    one position with the same pixel bytes. Of two copies the one without loss is kept, or else
    the one that comes first by path.

    Args:
        headers: Slices in any order.
        digest: Fingerprint of a slice's stored pixels; ``None`` where it cannot be had.

    Returns:
        The headers that stay, by path, and the files that do not.
    """
    ranked = sorted(headers, key=lambda header: ("lossy" in header.flags, *_by_file(header)))
    kept, first = _drop(ranked, lambda header: header.source.instance_uid)
    crowded = _sharing_position(kept)
    kept, second = _drop(
        kept, lambda header: _content_key(header, digest) if header in crowded else None
    )
    return sorted(kept, key=_by_file), [*first, *second]


def _drop(
    headers: Sequence[SliceHeader], identity: Callable[[SliceHeader], object]
) -> tuple[list[SliceHeader], list[Skipped]]:
    """Keep the first file of each identity; ``None`` is nobody's copy."""
    owners: dict[object, Path] = {}
    kept: list[SliceHeader] = []
    dropped: dict[Path, Skipped] = {}
    for header in headers:
        file, key = header.source.file, identity(header)
        owner = file if key is None else owners.setdefault(key, file)
        if owner == file:
            kept.append(header)
        else:
            dropped[file] = Skipped(file, Reason.DUPLICATE, f"the same image as '{owner.name}'")
    return kept, list(dropped.values())


def _content_key(
    header: SliceHeader, digest: Callable[[SliceHeader], bytes | None]
) -> tuple[object, ...] | None:
    fingerprint = digest(header)
    return None if fingerprint is None else (*_place(header), fingerprint)


def _place(header: SliceHeader) -> tuple[object, ...]:
    """What copies have in common at least."""
    z_steps = None if header.z_mm is None else round(header.z_mm / SAME_POSITION_MM)
    return header.source.series_uid, z_steps, header.rows, header.cols


def _sharing_position(headers: Sequence[SliceHeader]) -> set[SliceHeader]:
    """Slices of single-frame files at a position where another one is."""
    frames = Counter(header.source.file for header in headers)
    single = [
        header
        for header in headers
        if frames[header.source.file] == 1 and header.source.series_uid is not None
    ]
    places = Counter(_place(header) for header in single)
    return {header for header in single if places[_place(header)] > 1}


def _by_file(header: SliceHeader) -> tuple[Path, int]:
    return header.source.file, header.source.frame


def _by_position(header: SliceHeader) -> tuple[bool, float, Path, int]:
    return header.z_mm is None, header.z_mm or 0.0, *_by_file(header)


def _split(headers: Sequence[SliceHeader]) -> list[list[SliceHeader]]:
    """Separate slices that cannot form one stack: other matrix, or other direction."""
    parts: list[list[SliceHeader]] = []
    for header in headers:
        for part in parts:
            if _stack(part[0], header):
                part.append(header)
                break
        else:
            parts.append([header])
    return parts


def _stack(first: SliceHeader, second: SliceHeader) -> bool:
    """Whether two slices can lie in one stack."""
    if (first.rows, first.cols) != (second.rows, second.cols):
        return False
    if first.orientation is None or second.orientation is None:
        return first.orientation == second.orientation
    difference = np.subtract(first.orientation, second.orientation)
    return bool(np.max(np.abs(difference)) <= SAME_DIRECTION)


def _scans(headers: Sequence[SliceHeader], remarks: Mapping[Path, Sequence[str]]) -> Iterator[Scan]:
    """Make one scan of each stack in a series, sorted and looked over."""
    parts = _split(headers)
    source = headers[0].source
    for number, part in enumerate(parts, start=1):
        ordered = tuple(sorted(part, key=_by_position))
        name = source.series_uid or source.file.name
        yield Scan(
            series_uid=name if number == 1 else f"{name}#{number}",
            path=_common_path(ordered),
            headers=ordered,
            warnings=(*_about_files(ordered, len(parts), remarks), *look_over(ordered)),
        )


def _about_files(
    headers: Sequence[SliceHeader], parts: int, remarks: Mapping[Path, Sequence[str]]
) -> list[str]:
    """Warnings that come from how a series is spread over files."""
    files = sorted({header.source.file for header in headers} & remarks.keys())
    split = f"the series mixes {parts} matrix sizes or orientations; each is a scan of its own"
    return [*([split] if parts > 1 else []), *(each for file in files for each in remarks[file])]


def _common_path(headers: Sequence[SliceHeader]) -> Path:
    files = {header.source.file for header in headers}
    if len(files) == 1:
        return files.pop()
    return Path(os.path.commonpath([file.parent for file in files]))


def look_over(headers: Sequence[SliceHeader]) -> tuple[str, ...]:
    """Sentences about what is unusual in a sorted stack.

    Args:
        headers: Slices in z order.

    Returns:
        Warnings about mixed spacings, thicknesses and kernels, gaps, shared or missing
        positions and gantry tilt; empty for a clean series.
    """
    facts = [header.acquisition for header in headers]
    found = (
        _mixed("pixel spacing", "mm", [h.spacing_mm and h.spacing_mm[0] for h in headers]),
        _mixed("slice thickness", "mm", [fact.slice_thickness_mm for fact in facts]),
        _mixed_kernels([fact.kernel for fact in facts]),
        *_positions([header.z_mm for header in headers]),
        _tilted(headers),
    )
    return tuple(sentence for sentence in found if sentence)


def _mixed(name: str, unit: str, values: Sequence[float | None]) -> str | None:
    known = [value for value in values if value is not None]
    if not known or max(known) - min(known) <= 0.001 * max(known):
        return None
    return f"{name} varies from {min(known):g} to {max(known):g} {unit}"


def _mixed_kernels(kernels: Sequence[str | None]) -> str | None:
    names = sorted({kernel for kernel in kernels if kernel is not None})
    return f"{len(names)} kernels in one series: {', '.join(names)}" if len(names) > 1 else None


def _positions(positions_mm: Sequence[float | None]) -> list[str]:
    """What is unusual about positions that are sorted, unknown ones last."""
    known = [z_mm for z_mm in positions_mm if z_mm is not None]
    found = []
    if len(known) < len(positions_mm) > 1:
        found.append(f"{len(positions_mm) - len(known)} slice(s) without position, placed last")
    steps = np.diff(np.asarray(known, float))
    if (shared := int(np.sum(steps < SAME_POSITION_MM))) > 0:
        found.append(f"{shared} slice(s) at the position of another one (phases, reconstructions)")
    steps = steps[steps >= SAME_POSITION_MM]
    usual = float(np.median(steps)) if steps.size else 0.0
    gaps = steps[steps > GAP_FACTOR * usual]
    if gaps.size:
        found.append(
            f"{gaps.size} gap(s), the largest of {gaps.max():g} mm where steps are {usual:g} mm"
        )
    return found


def _tilted(headers: Sequence[SliceHeader]) -> str | None:
    if not any("gantry_tilt" in header.flags for header in headers):
        return None
    tilts = [abs(header.acquisition.gantry_tilt_deg or 0.0) for header in headers]
    return f"gantry tilt of {max(tilts):.1f}°" if max(tilts) > 0 else "gantry tilt"
