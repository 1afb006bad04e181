"""The measures of a benchmark: what each means, and the smallest difference that counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of an image.

    Attributes:
        key: Name in files.
        title: Name in tables.
        unit: Unit of the values as shown; empty for pure numbers.
        better: 1 if higher is better, -1 if lower is better, 0 if neither.
        least: Smallest difference that counts, in the unit of the values.
        digits: Decimals shown.
        meaning: What it means, in one sentence.
        scale: Factor from the values to the values as shown.
    """

    key: str
    title: str
    unit: str
    better: int
    least: float
    digits: int
    meaning: str
    scale: float = 1.0


FIDELITY = ("psnr_db", "ssim", "vif", "gmsd")
"""Measures of fidelity to the reference."""

MEASURES = (
    Measure("psnr_db", "PSNR", "dB", 1, 0.1, 1, "Peak signal-to-noise ratio."),
    Measure("ssim", "SSIM", "", 1, 0.005, 3, "Structural similarity."),
    Measure("vif", "VIF", "", 1, 0.005, 3, "Visual information fidelity."),
    Measure("gmsd", "GMSD", "", -1, 0.003, 3, "Gradient magnitude similarity deviation."),
    Measure(
        "edge_loss",
        "edge loss",
        "%",
        -1,
        0.02,
        1,
        "Share of the steepness of the edges of the reference that is missing.",
        scale=100.0,
    ),
    Measure("noise_hu", "noise", "HU", 0, 0.5, 1, "Global noise level in soft tissue."),
    Measure(
        "noise_mean_per_mm",
        "noise frequency",
        "/mm",
        0,
        0.01,
        3,
        "Mean frequency of the noise power spectrum; lower is coarser.",
    ),
    Measure(
        "noise_peak_per_mm",
        "noise peak",
        "/mm",
        0,
        0.03,
        3,
        "Frequency at which the noise power spectrum is highest.",
    ),
    Measure("score", "score", "", 1, 0.1, 2, "ctiqa score, 0 bad to 4 excellent."),
    Measure(
        "equivalent_noise_hu",
        "equivalent noise",
        "HU",
        -1,
        0.5,
        1,
        "Plain noise that would make the slice as bad as it is.",
    ),
)
"""All measures, in the order of tables."""

MEASURE = {measure.key: measure for measure in MEASURES}
"""The measures by key."""


def signed(value: float, measure: Measure) -> str:
    """A difference with its sign, a true minus, and its unit; of shares in percentage points.

    >>> signed(-21.34, MEASURE["noise_hu"]), signed(0.12, MEASURE["edge_loss"])
    ('−21.3 HU', '+12.0 points')
    """
    unit = "points" if measure.unit == "%" else measure.unit
    return f"{number(value, measure, sign='+')}{f' {unit}' if unit else ''}"


def number(value: float, measure: Measure, *, sign: str = "") -> str:
    """A value as shown, without unit; zero has no sign.

    >>> number(-0.0001, MEASURE["ssim"], sign="+"), number(-0.0123, MEASURE["edge_loss"])
    ('0.000', '−1.2')
    """
    text = f"{value * measure.scale:{sign}.{measure.digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")
