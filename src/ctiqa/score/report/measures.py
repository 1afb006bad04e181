"""Physical measures of a scan as text, and why some are missing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ctiqa.score.report.facts import format_range, number_range
from ctiqa.types import ScanScore, Unmeasured

REASONS: dict[Unmeasured, str] = {
    Unmeasured.NO_SPACING: "the pixel spacing is unknown",
    Unmeasured.NO_BODY: "no body was found",
    Unmeasured.BODY_CUT_OFF: "the body is cut off by the field of view",
    Unmeasured.NO_TISSUE: "there is too little soft tissue",
    Unmeasured.NO_UNIFORM_TISSUE: "there is too little soft tissue without structure",
    Unmeasured.NO_EDGE: "there is too little smooth skin that borders on air",
    Unmeasured.NO_FAT: "there is too little fat",
    Unmeasured.NO_MUSCLE: "there is too little muscle",
    Unmeasured.NO_NOISE: "the image has no noise",
    Unmeasured.NO_CTDIVOL: "the files do not state CTDIvol",
    Unmeasured.PHANTOM_UNKNOWN: "the files do not state the phantom of CTDIvol",
    Unmeasured.SIZE_OUT_OF_RANGE: "the patient's size is outside the range of the method",
    Unmeasured.NOT_TRUNK: "it is defined for the trunk only",
}
"""Why a measure is missing, in words."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """How one measure is shown."""

    label: str
    field: str
    unit: str
    factor: float = 1.0


SHOWN = (
    _Shown("", "noise_hu", "HU"),
    _Shown("sharpness f50", "f50_per_mm", "/mm"),
    _Shown("Dw", "water_equivalent_diameter_mm", "cm", 0.1),
    _Shown("SSDE", "ssde_mgy", "mGy"),
)
"""The measures of the summary; all of them are in the JSON report."""

BEFORE_SSDE = 3
"""Where CTDIvol, which the files state, goes."""

GAP = "   "
"""Between two measures."""


def measures_text(scan: ScanScore) -> str:
    """The measures that are known, and CTDIvol; empty for a scan that was not measured."""
    found = scan.physics
    if found is None:
        return ""
    shown = [
        f"{each.label} {_number(value * each.factor)} {each.unit}".strip()
        if (value := getattr(found, each.field)) is not None
        else ""
        for each in SHOWN
    ]
    dose = number_range(scan.scan.headers, "ctdivol_mgy")
    shown.insert(BEFORE_SSDE, "" if dose is None else f"CTDIvol {format_range(dose)} mGy")
    return GAP.join(text for text in shown if text)


def missing_text(scan: ScanScore) -> str:
    """Which measures are missing, by reason; empty if none is."""
    found = scan.physics
    if found is None:
        return ""
    by_reason: dict[Unmeasured, list[str]] = defaultdict(list)
    for each in SHOWN:
        if each.field in found.missing:
            by_reason[found.missing[each.field]].append(each.label or "noise")
    return "; ".join(f"{', '.join(names)}: {REASONS[why]}" for why, names in by_reason.items())


def _number(value: float) -> str:
    """Two decimals below 1, else one."""
    return f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}"
