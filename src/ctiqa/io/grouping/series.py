"""Group slices into series, sort them and check for irregularities."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ctiqa.io.grouping.lost_series import reunite
from ctiqa.io.grouping.order import SAME_POSITION_MM, by_file, by_position
from ctiqa.types import Scan, SliceHeader

SAME_DIRECTION = 0.02
"""Tolerance for direction cosines of the same orientation."""

GAP_FACTOR = 1.5
"""A step this many times the median is a gap."""


def group_by_series(
    headers: Iterable[SliceHeader], remarks: Mapping[Path, Sequence[str]] | None = None
) -> list[Scan]:
    """Group slices into scans.

    Args:
        headers: Slices in any order, without duplicates.
        remarks: Sentences about some files, which become warnings of their scans.

    Returns:
        Scans by name; the result does not depend on the order of the headers.
    """
    scans: list[Scan] = []
    for _, (slices, remark) in sorted(reunite(sorted(headers, key=by_file)).items()):
        scans.extend(_scans(slices, remark, remarks or {}))
    return scans


def _split(headers: Sequence[SliceHeader]) -> list[list[SliceHeader]]:
    """Separate slices that cannot form one stack because matrix or orientation differs."""
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
    """Whether two slices can be in one stack."""
    if (first.rows, first.cols) != (second.rows, second.cols):
        return False
    if first.orientation is None or second.orientation is None:
        return first.orientation == second.orientation
    difference = np.subtract(first.orientation, second.orientation)
    return bool(np.max(np.abs(difference)) <= SAME_DIRECTION)


def _scans(
    headers: Sequence[SliceHeader], remark: str | None, remarks: Mapping[Path, Sequence[str]]
) -> Iterator[Scan]:
    """Make a scan of each stack in a series: sorted, with warnings."""
    parts = _split(headers)
    source = headers[0].source
    for number, part in enumerate(parts, start=1):
        ordered = tuple(sorted(part, key=by_position))
        name = source.series_uid or source.file.name
        yield Scan(
            series_uid=name if number == 1 else f"{name}#{number}",
            path=_common_path(ordered),
            headers=ordered,
            warnings=(
                *([remark] if remark else []),
                *_about_files(ordered, len(parts), remarks),
                *look_over(ordered),
            ),
        )


def _about_files(
    headers: Sequence[SliceHeader], parts: int, remarks: Mapping[Path, Sequence[str]]
) -> list[str]:
    """Warnings about how a series is distributed over files."""
    files = sorted({header.source.file for header in headers} & remarks.keys())
    split = f"the series mixes {parts} matrix sizes or orientations; each is a scan of its own"
    return [*([split] if parts > 1 else []), *(each for file in files for each in remarks[file])]


def _common_path(headers: Sequence[SliceHeader]) -> Path:
    files = {header.source.file for header in headers}
    if len(files) == 1:
        return files.pop()
    return Path(os.path.commonpath([file.parent for file in files]))


def look_over(headers: Sequence[SliceHeader]) -> tuple[str, ...]:
    """Warnings about irregularities in a sorted stack.

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
        _shared_names(headers),
        *_positions([header.z_mm for header in headers]),
        _tilted(headers),
    )
    return tuple(sentence for sentence in found if sentence)


def _shared_names(headers: Sequence[SliceHeader]) -> str | None:
    """Warnings about different slices with the same SOPInstanceUID."""
    files = {header.source.file: header.source.instance_uid for header in headers}
    claims = Counter(uid for uid in files.values() if uid is not None)
    shared = sum(count for count in claims.values() if count > 1)
    return f"{shared} different slices share a SOPInstanceUID with another one" if shared else None


def _mixed(name: str, unit: str, values: Sequence[float | None]) -> str | None:
    known = [value for value in values if value is not None]
    if not known or max(known) - min(known) <= 0.001 * max(known):
        return None
    return f"{name} varies from {min(known):g} to {max(known):g} {unit}"


def _mixed_kernels(kernels: Sequence[str | None]) -> str | None:
    names = sorted({kernel for kernel in kernels if kernel is not None})
    return f"{len(names)} kernels in one series: {', '.join(names)}" if len(names) > 1 else None


def _positions(positions_mm: Sequence[float | None]) -> list[str]:
    """Warnings about positions, which are sorted with unknown ones last."""
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
