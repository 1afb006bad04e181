"""Slices that an anonymiser parted: each with a series UID of its own, or with none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from ctiqa.io.grouping.order import z_steps
from ctiqa.types import SliceHeader

OWN_UIDS = "every slice has a series UID of its own; grouped by folder, study and geometry"
NO_UIDS = "the slices name no series; grouped by folder and geometry"


def reunite(headers: Sequence[SliceHeader]) -> dict[str, tuple[list[SliceHeader], str | None]]:
    """Group slices by series; single ones that belong together by what else they share.

    Single slices of single-frame files belong together if they lie in one folder, are of one study
    or frame of reference, have one geometry and were acquired alike, at different positions.

    Args:
        headers: Slices, by path.

    Returns:
        Slices and, where they had to be reunited, a sentence about it, by the name of the series.
    """
    series: dict[str, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        series[header.source.series_uid or str(header.source.file)].append(header)
    single = [slices[0] for slices in series.values() if _may_be_lost(slices)]
    parted: dict[Hashable, list[SliceHeader]] = defaultdict(list)
    for header in single:
        parted[_common(header)].append(header)
    moved = {id(header): key for key, group in parted.items() if _fits(group) for header in group}
    found: dict[str, tuple[list[SliceHeader], str | None]] = {
        name: (slices, None) for name, slices in series.items() if id(slices[0]) not in moved
    }
    for key in dict.fromkeys(moved.values()):
        group = parted[key]
        name = group[0].source.series_uid or str(group[0].source.file.parent)
        found[name] = group, NO_UIDS if group[0].source.series_uid is None else OWN_UIDS
    return found


def _may_be_lost(slices: Sequence[SliceHeader]) -> bool:
    source = slices[0].source
    is_dicom = bool(source.study_uids) or source.instance_uid is not None
    return len(slices) == 1 and source.frame == 0 and is_dicom


def _common(header: SliceHeader) -> Hashable:
    """What the slices of one series share."""
    source = header.source
    return (
        Path(source.file).parent,
        source.series_uid is None,
        source.study_uids,
        (header.rows, header.cols, header.spacing_mm, header.orientation),
        # The dose follows the patient's shape from slice to slice; these do not change.
        (header.acquisition.kernel, header.acquisition.slice_thickness_mm, header.acquisition.kvp),
        (header.acquisition.manufacturer, header.acquisition.model),
    )


def _fits(group: Sequence[SliceHeader]) -> bool:
    """Whether slices can be one stack: of one study, and each at a place of its own."""
    source = group[0].source
    places = Counter(map(z_steps, group))
    is_known = bool(source.study_uids) or source.series_uid is None
    return len(group) > 1 and is_known and None not in places and max(places.values()) == 1
