"""Dose of a series from the irradiation events that its images come from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ctiqa.physics.patient.dose import size_specific_dose
from ctiqa.physics.patient.trunk import is_trunk
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.store.rows import rounded

SAME_PHANTOM = math.sqrt(2)
"""The CTDIvol of header and report may differ by this factor; the wrong phantom makes about 2."""

LEAST_TRUNK = 0.9
"""Share of the slices that must show the trunk for an SSDE of the scan."""


@dataclass(frozen=True, slots=True)
class DoseEvent:
    """One irradiation event of a dose report; ``None`` for what it does not state.

    Attributes:
        event: Irradiation Event UID.
        ctdivol_mgy: Mean CTDIvol in mGy.
        dlp_mgy_cm: Dose-length product in mGy·cm.
        ctdi_phantom_cm: Diameter of the phantom of CTDIvol, 16 or 32 cm.
        length_mm: Scanning length in mm.
        pitch: Pitch factor.
        kvp: Tube voltage in kV.
    """

    event: str
    ctdivol_mgy: float | None = None
    dlp_mgy_cm: float | None = None
    ctdi_phantom_cm: float | None = None
    length_mm: float | None = None
    pitch: float | None = None
    kvp: float | None = None


@dataclass(frozen=True, slots=True)
class SeriesDose:
    """Dose of a series.

    Attributes:
        ctdivol_mgy: CTDIvol in mGy.
        ctdi_phantom_cm: Diameter of its phantom in cm; ``None`` if unknown.
    """

    ctdivol_mgy: float
    ctdi_phantom_cm: float | None


def series_dose(events: Sequence[DoseEvent | None]) -> SeriesDose | None:
    """The dose of a series from all its events.

    Events with different CTDIvol count by the length that they scanned, DLP/CTDIvol: the result is
    the median along the scan, as it is of the headers of slices. DLP is not summed up: it grows
    with the length, and says nothing about one slice. Where a DLP is unknown, all events count the
    same.

    Args:
        events: One for each event of the series; ``None`` for one that no report states.

    Returns:
        The dose; ``None`` as long as the CTDIvol of an event is unknown, and if events refer to
        different phantoms, whose CTDIvol cannot be compared.

    >>> series_dose([DoseEvent("1.1", 8.0, 80.0, 32.0), DoseEvent("1.2", 12.0, 480.0, 32.0)])
    SeriesDose(ctdivol_mgy=12.0, ctdi_phantom_cm=32.0)
    >>> series_dose([DoseEvent("1.1", 8.0), None])
    """
    known = [each for each in events if each is not None and each.ctdivol_mgy is not None]
    phantoms = {each.ctdi_phantom_cm for each in known}
    if not known or len(known) < len(events) or len(phantoms - {None}) > 1:
        return None
    doses = [each.ctdivol_mgy for each in known if each.ctdivol_mgy is not None]
    dlps = [each.dlp_mgy_cm for each in known if each.dlp_mgy_cm is not None]
    phantom_cm = phantoms.pop() if len(phantoms) == 1 else None
    if len(dlps) < len(doses):
        return SeriesDose(median(doses), phantom_cm)
    lengths_cm = [dlp / dose for dlp, dose in zip(dlps, doses, strict=True)]
    return SeriesDose(weighted_median(doses, lengths_cm), phantom_cm)


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """The value below and above which lies half of the weight.

    Args:
        values: At least one.
        weights: One for each value, > 0.

    >>> weighted_median([3.0, 1.0, 2.0], [1.0, 1.0, 1.0]), weighted_median([1.0, 2.0], [1.0, 1.0])
    (2.0, 1.5)
    """
    pairs = sorted(zip(values, weights, strict=True))
    half, below = sum(weights) / 2, 0.0
    for index, (value, weight) in enumerate(pairs):
        below += weight
        if index + 1 < len(pairs) and math.isclose(below, half):
            return (value + pairs[index + 1][0]) / 2
        if below > half:
            return value
    return pairs[-1][0]


def additions(
    scan: Mapping[str, Any], dose: SeriesDose, trunk_share: float | None
) -> dict[str, Any]:
    """What a dose adds to a stored scan; values of its header are never replaced.

    The phantom of a report is also added to a CTDIvol of the header, if both CTDIvol agree within
    a factor of √2. SSDE follows from the median of the water-equivalent diameters that were
    measured, which leave out slices cut off by the field of view.

    Args:
        scan: Columns of the table of scans.
        dose: Dose of its series.
        trunk_share: Share of its slices that show the trunk; ``None`` if no region is known.

    Returns:
        New values by column.
    """
    stated_mgy, phantom_cm = scan["ctdivol_mgy"], scan["ctdi_phantom_cm"]
    found: dict[str, Any] = {}
    if phantom_cm not in (None, dose.ctdi_phantom_cm) and dose.ctdi_phantom_cm is not None:
        return found
    if stated_mgy is None:
        found["ctdivol_mgy"] = rounded(dose.ctdivol_mgy)
    elif not 1 / SAME_PHANTOM <= stated_mgy / dose.ctdivol_mgy <= SAME_PHANTOM:
        return found
    if phantom_cm is None and dose.ctdi_phantom_cm is not None:
        found["ctdi_phantom_cm"] = dose.ctdi_phantom_cm
    if found and scan["ssde_mgy"] is None:
        ssde_mgy = _ssde({**scan, **found}, trunk_share)
        found |= {} if ssde_mgy is None else {"ssde_mgy": rounded(ssde_mgy, 6)}
    return found


def _ssde(scan: Mapping[str, Any], trunk_share: float | None) -> float | None:
    """SSDE in mGy; ``None`` unless the scan is known to show the trunk and its size is known."""
    diameter_mm = scan["water_equivalent_diameter_mm"]
    if diameter_mm is None or not _shows_trunk(scan["body_part"], trunk_share):
        return None
    try:
        return size_specific_dose(scan["ctdivol_mgy"], scan["ctdi_phantom_cm"], diameter_mm)
    except NotMeasurableError:
        return None


def _shows_trunk(body_part: str | None, trunk_share: float | None) -> bool:
    """Without a region, the body part must be stated: a skull is not seen in the store."""
    if trunk_share is not None:
        return trunk_share >= LEAST_TRUNK
    return body_part is not None and is_trunk(None, body_part)
