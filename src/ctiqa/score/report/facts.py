"""Facts about scans, as shown in reports."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from ctiqa.errors import Reason
from ctiqa.score.report.rounding import shown
from ctiqa.score.verdict import ABSTENTIONS, SHARP_KERNEL, why_unscored, word_of
from ctiqa.text.plain_text import clean
from ctiqa.types import Acquisition, Results, ScanScore, Skipped, SliceHeader, SliceScore

NOTICE = "For research use only. Not a medical device; not for diagnosis or treatment decisions."
"""Printed on every report."""

REASONS: dict[Reason, str] = {
    Reason.NO_PERMISSION: "no permission to read",
    Reason.EMPTY_FILE: "empty file",
    Reason.UNKNOWN_FORMAT: "not an image format that ctiqa reads",
    Reason.TRUNCATED: "file is cut short",
    Reason.CORRUPT: "file is damaged",
    Reason.NO_PIXELS: "no image inside",
    Reason.NOT_CT: "not CT",
    Reason.LOCALIZER: "scout or localizer",
    Reason.DERIVED: "derived image",
    Reason.SECONDARY_CAPTURE: "secondary capture (screenshot, report)",
    Reason.COLOUR: "colour image",
    Reason.NO_RESCALE: "no rescale to HU",
    Reason.IMPOSSIBLE_RESCALE: "impossible rescale to HU",
    Reason.NOT_HU: "values are not HU",
    Reason.HU_CONVENTION_UNKNOWN: "how to get HU is not known",
    Reason.NOT_FINITE: "NaN or infinite pixels",
    Reason.UNSUPPORTED_TRANSFER_SYNTAX: "compression not supported",
    Reason.TOO_SMALL: "matrix too small",
    Reason.TOO_LARGE: "matrix too large",
    Reason.NOT_2D: "not a stack of 2-D slices",
    Reason.NOT_AXIAL: "not axial (reformat)",
    Reason.NON_SQUARE_PIXELS: "pixels are not square",
    Reason.DUPLICATE: "duplicate of another slice",
    Reason.NOT_SELECTED: "no slice in the chosen range",
    Reason.STOPPED: "not reached: the run was stopped",
    Reason.NOT_FETCHED: "could not be fetched",
    Reason.CRASHED: "crashed the process that read or scored it",
}
"""The reasons for skipping, in words."""

SHARP_KERNEL_NOTE = f"{SHARP_KERNEL}: compare within this kernel only"
"""Stands in for the word of a scan's score where its kernel is sharp."""

Range = tuple[float, float]


def shown_path(path: Path) -> str:
    """A path as printable text, whatever bytes it contains."""
    return clean(str(path))


def format_score(verdict: SliceScore | ScanScore, *, worded: bool = True) -> str:
    """Format the score of a slice or scan as it is printed, with its word.

    Args:
        verdict: The score.
        worded: Whether a word may be used; without it there is only the number.

    >>> from ctiqa.types import SliceSource
    >>> scored = SliceScore(SliceHeader(SliceSource(Path("a")), 512, 512), 3.21, (2.71, 3.65))
    >>> format_score(scored), format_score(scored, worded=False)
    ('3.2 good', '3.2')
    """
    if verdict.score is None:
        return "not scored"
    number = shown(verdict.score)
    if not worded:
        return number
    if word := word_of(verdict):
        return f"{number} {word}"
    return f"{number} ({SHARP_KERNEL_NOTE})" if isinstance(verdict, ScanScore) else number


def format_interval(interval: Range | None) -> str:
    """Format an interval with one decimal.

    >>> format_interval((2.71, 3.649))
    '2.7–3.6'
    """
    return "" if interval is None else f"{interval[0]:.1f}–{interval[1]:.1f}"


def number_range(headers: Iterable[SliceHeader], name: str) -> Range | None:
    """Smallest and largest value of a numeric acquisition parameter; ``None`` if unknown."""
    values = [getattr(header.acquisition, name) for header in headers]
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    return (min(known), max(known)) if known else None


def texts(headers: Iterable[SliceHeader], name: str) -> list[str]:
    """The distinct values of a textual acquisition parameter, sorted."""
    values = {getattr(header.acquisition, name) for header in headers}
    return sorted(clean(value) for value in values if value)


def scanner(headers: Sequence[SliceHeader]) -> str:
    """Manufacturer and model, as the files name them; empty if unknown."""
    return " ".join([*texts(headers, "manufacturer"), *texts(headers, "model")])


def acquisition(headers: Sequence[SliceHeader]) -> dict[str, list[float] | list[str]]:
    """Acquisition parameters: [min, max] of numbers, all values of texts, [] if unknown."""
    facts: dict[str, list[float] | list[str]] = {}
    for fact in fields(Acquisition):
        if "float" in str(fact.type):
            facts[fact.name] = list(number_range(headers, fact.name) or ())
        else:
            facts[fact.name] = texts(headers, fact.name)
    return facts


NUMBERS = (
    ("Tube voltage", "kvp", "kVp"),
    ("Tube current", "tube_current_ma", "mA"),
    ("Exposure", "exposure_mas", "mAs"),
    ("CTDIvol", "ctdivol_mgy", "mGy"),
    ("Slice thickness", "slice_thickness_mm", "mm"),
    ("Gantry tilt", "gantry_tilt_deg", "°"),
)
"""Numeric parameters in the order shown in reports: label, field, unit."""


def acquisition_rows(headers: Sequence[SliceHeader]) -> list[tuple[str, str]]:
    """The known acquisition parameters of a scan as (label, text), for display.

    >>> from ctiqa.types import SliceSource
    >>> known = Acquisition(kvp=120.0, kernel="B40f")
    >>> acquisition_rows([SliceHeader(SliceSource(Path("a")), 512, 512, acquisition=known)])
    [('Kernel', 'B40f'), ('Tube voltage', '120 kVp'), ('Matrix', '512 × 512')]
    """
    words = [
        ("Scanner", scanner(headers)),
        ("Body part", ", ".join(texts(headers, "body_part"))),
        ("Kernel", ", ".join(texts(headers, "kernel"))),
    ]
    numbers = [
        (label, f"{format_range(found)} {unit}")
        for label, name, unit in NUMBERS
        if (found := number_range(headers, name)) and (any(found) or name != "gantry_tilt_deg")
    ]
    return [(label, text) for label, text in [*words, *numbers, *_geometry(headers)] if text]


def format_range(values: Range) -> str:
    """Format a range with three significant digits; one number if both ends agree.

    >>> format_range((120.0, 120.0)), format_range((96.04, 1280.0))
    ('120', '96–1280')
    """
    low, high = (f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" for value in values)
    return low if low == high else f"{low}–{high}"


def from_worst_to_best(scan: ScanScore) -> list[SliceScore]:
    """The scored slices; those with equal scores, as at the top, by their equivalent noise."""
    scored = [each for each in scan.slices if each.score is not None]
    return sorted(scored, key=lambda each: (each.score or 0.0, -(each.equivalent_noise_hu or 0.0)))


def grouped(skipped: Iterable[Skipped]) -> dict[Reason, list[Skipped]]:
    """Skipped inputs by reason, most frequent reason first."""
    groups = defaultdict(list)
    for each in skipped:
        groups[each.reason].append(each)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def was_stopped(report: Results) -> bool:
    """Whether a run was stopped before all slices were scored."""
    return any(each.reason is Reason.STOPPED for each in report.skipped)


def how_far(report: Results) -> str:
    """A clause that says how far a run got before it was stopped."""
    done = sum(len(scan.slices) for scan in report.scans)
    left = sum(each.reason is Reason.STOPPED for each in report.skipped)
    return f"stopped by the user after {done} slices, with {left} files not completely scored"


def why_nothing_was_scored(report: Results) -> str:
    """A clause that says why a report contains no score."""
    files = [
        f"{len(each)} × {REASONS[reason]} ({reason})"
        for reason, each in grouped(report.skipped).items()
    ]
    flags = Counter(
        flag for scan in report.scans for each in scan.slices if (flag := why_unscored(each))
    )
    slices = [f"{count} × {ABSTENTIONS[flag]} ({flag})" for flag, count in flags.items()]
    return ", ".join([*slices, *files])


def _geometry(headers: Sequence[SliceHeader]) -> list[tuple[str, str]]:
    matrices = sorted({(header.rows, header.cols) for header in headers})
    spacings = [header.spacing_mm[0] for header in headers if header.spacing_mm]
    rows = [("Matrix", ", ".join(f"{rows} × {cols}" for rows, cols in matrices))]
    if spacings:
        rows.append(("Pixel spacing", f"{format_range((min(spacings), max(spacings)))} mm"))
    return rows
