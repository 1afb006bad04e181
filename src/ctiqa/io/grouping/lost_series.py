"""Reunite slices that an anonymiser has separated: each with its own series UID, or none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from ctiqa.io.grouping.order import z_steps
from ctiqa.types import SliceHeader

OWN_UIDS = "every slice has a series UID of its own; grouped by folder, study and geometry"
NO_UIDS = "the slices name no series; grouped by folder and geometry"


def reunite(headers: Sequence[SliceHeader]) -> dict[str, tuple[list[SliceHeader], str | None]]:
    """Group slices by series; group single slices by their other properties.

    Single slices of single-frame files belong together if they are in one folder, share study or
    frame of reference, geometry and acquisition, and have different positions.

    Args:
        headers: Slices, by path.

    Returns:
        Slices by name of the series, with a sentence if they were reunited.
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
    """The properties that the slices of a series share."""
    source = header.source
    return (
        Path(source.file).parent,
        source.series_uid is None,
        source.study_uids,
        (header.rows, header.cols, header.spacing_mm, header.orientation),
        # Dose varies from slice to slice with the shape of the patient; these do not vary.
        (header.acquisition.kernel, header.acquisition.slice_thickness_mm, header.acquisition.kvp),
        (header.acquisition.manufacturer, header.acquisition.model),
    )


def _fits(group: Sequence[SliceHeader]) -> bool:
    """Whether slices can form one stack: of one study, and all at different positions."""
    source = group[0].source
    places = Counter(map(z_steps, group))
    is_known = bool(source.study_uids) or source.series_uid is None
    return len(group) > 1 and is_known and None not in places and max(places.values()) == 1
