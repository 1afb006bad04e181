"""What two scans are compared by: meaning, unit, and how accurate each measure is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ctiqa.types import SliceScore

ABSENT = "–"
"""Stands for a value that does not exist."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a slice.

    Attributes:
        key: Name in files.
        title: Name in tables.
        unit: Unit as shown; empty for pure numbers.
        ratio: Whether scans are compared by the ratio B/A; otherwise by the difference B - A.
        accuracy: Smallest difference that is claimed: relative for ratios, else in the unit of
            the values. From docs/physics.md, for what is measured.
        digits: Decimals shown; ``None`` shows three significant digits.
        meaning: What it means, in one sentence.
        scale: Factor from the values to the values as shown.
        stated: Whether the files state it, so that one slice is enough if it is constant.
    """

    key: str
    title: str
    unit: str
    ratio: bool
    accuracy: float
    digits: int | None
    meaning: str
    scale: float = 1.0
    stated: bool = False

    @property
    def least(self) -> float:
        """The accuracy on the scale of differences: of the logarithm for ratios."""
        return math.log1p(self.accuracy) if self.ratio else self.accuracy


MEASURES = (
    Measure("score", "score", "", False, 0.1, 2, "ctiqa score, 0 bad to 4 excellent."),
    Measure(
        *("equivalent_noise_hu", "equivalent noise", "HU", True, 0.1, 1),
        "Plain noise that would make the slice as bad as it is.",
    ),
    Measure(
        *("quantum_noise_hu", "quantum noise", "HU", True, 0.1, 1),
        "The part of the noise that falls with dose.",
    ),
    Measure("noise_hu", "noise level", "HU", True, 0.1, 1, "Global noise level in soft tissue."),
    Measure(
        *("noise_mean_per_mm", "noise texture", "/mm", False, 0.04, 3),
        "Mean frequency of the noise power spectrum; lower is coarser.",
    ),
    Measure(
        *("f50_per_mm", "sharpness f50", "/mm", True, 0.1, 3),
        "Frequency at which the modulation transfer function across the skin is 0.5.",
    ),
    Measure(
        *("ctdivol_mgy", "CTDIvol", "mGy", True, 0.01, 2, "Dose index that the files state."),
        stated=True,
    ),
    Measure("ssde_mgy", "SSDE", "mGy", True, 0.02, 2, "Dose for the size of the patient."),
    Measure(
        *("figure_of_merit", "figure of merit", "/HU²/mGy", True, 0.2, None),
        "1/(noise level² · CTDIvol); smoothing raises it without any gain.",
    ),
    Measure(
        *("dose_noise_product", "dose × noise²", "HU²·mGy", True, 0.2, None),
        "CTDIvol · quantum noise²; B/A is the share of the dose of A that B needs for the quantum "
        "noise of A.",
    ),
    Measure(
        *("dose_reserve", "dose reserve", "%", True, 0.2, None),
        "Share of its dose at which the scan would still be good; lower is more reserve.",
        scale=100.0,
    ),
)
"""All measures, in the order of tables."""

MEASURE: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}
"""The measures by key."""

ANSWERS = ("score", "equivalent_noise_hu", "dose_reserve")
"""Measures that depend on the model."""


def values_of(verdict: SliceScore) -> dict[str, float]:
    """The measures of a slice by key; those that it does not have, or are infinite, are left out.

    >>> from pathlib import Path
    >>> from ctiqa.types import PatientPhysics, SliceHeader, SliceSource
    >>> header = SliceHeader(SliceSource(Path("a")), 512, 512)
    >>> physics = PatientPhysics(noise_hu=9.0)
    >>> values_of(SliceScore(header, 3.5, (3.0, 4.0), physics=physics))
    {'score': 3.5, 'noise_hu': 9.0}
    """
    dose = verdict.header.acquisition.ctdivol_mgy
    noise = None if verdict.physics is None else verdict.physics.quantum_noise_hu
    own: dict[str, float | None] = {
        "score": verdict.score,
        "equivalent_noise_hu": verdict.equivalent_noise_hu,
        "ctdivol_mgy": dose,
        "dose_noise_product": dose * noise**2 if dose and noise else None,
        "dose_reserve": verdict.dose_reserve,
    }
    found: dict[str, float | None] = {
        measure.key: own.get(measure.key, getattr(verdict.physics, measure.key, None))
        for measure in MEASURES
    }
    return {
        key: value
        for key, value in found.items()
        if value is not None and _is_usable(value, MEASURE[key])
    }


def _is_usable(value: float, measure: Measure) -> bool:
    """Whether a value can be compared: it is finite, and has a logarithm where that is needed."""
    return math.isfinite(value) and (value > 0 or not measure.ratio)


def shown_value(value: float | None, measure: Measure) -> str:
    """A value as shown, without unit.

    >>> shown_value(10.64, MEASURE["noise_hu"]), shown_value(0.0012345, MEASURE["figure_of_merit"])
    ('10.6', '0.00123')
    >>> shown_value(0.0913, MEASURE["dose_reserve"]), shown_value(None, MEASURE["score"])
    ('9.13', '–')
    """
    if value is None:
        return ABSENT
    scaled = value * measure.scale
    return f"{scaled:.3g}" if measure.digits is None else f"{scaled:.{measure.digits}f}"


def percent(log_ratio: float) -> float:
    """A difference of logarithms in per cent.

    >>> round(percent(math.log(0.62)), 6)
    -38.0
    """
    return 100 * math.expm1(log_ratio)


def shown_percent(value: float) -> str:
    """A percentage without sign and unit: two significant digits below ten.

    >>> shown_percent(-38.2), shown_percent(3.24), shown_percent(9.97)
    ('38', '3.2', '10')
    """
    size = abs(value)
    return f"{size:.1f}" if size < 9.95 else f"{size:.0f}"


def signed(value: float, measure: Measure) -> str:
    """A difference with its sign, a true minus; in per cent for ratios; zero has no sign.

    >>> signed(math.log(0.62), MEASURE["noise_hu"]), signed(-0.004, MEASURE["score"])
    ('−38', '0.00')
    """
    if measure.ratio:
        text, negative = shown_percent(percent(value)), value < 0
    else:
        text, negative = f"{abs(value):.{measure.digits}f}", value < 0
    if not float(text):
        return text
    return ("−" if negative else "+") + text
