"""How the noise that a dose curve inserts compares with that of the slices themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tools.dose_twins import Twin

from ctiqa.data.sources.clean_series import Series
from ctiqa.dose_curve.insertion import Tissue, low_dose_noise
from ctiqa.hu import body_mask
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.physics.patient.quantum import MOST_SQUARES, quantum_noise
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import HuImage

HEAD = """\
| noise | n | median | 5 % | 95 % |
|---|---|---|---|---|
"""

SIDE = 12
"""Side of the squares in which directions are compared, in pixels."""

NARROW = 0.5
"""Ratio of the frequency along one axis to that along the other below which a bin lies on it."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise inserted in one slice.

    Attributes:
        body_factor: RMS in the whole body by the level in soft tissue.
        frequency_change: Mean frequency minus that of the slice, in cycles/mm.
        direction: Power of vertical over horizontal frequencies, logarithm to base 2.
        own_direction: That of the slice.
    """

    body_factor: float
    frequency_change: float
    direction: float
    own_direction: float


def noise_table(series: Sequence[Series], neighbours: Sequence[Twin]) -> str:
    """The table.

    Args:
        series: Noise is inserted in the middle slice of each that is not filtered.
        neighbours: Pairs of slices with their means.
    """
    found = [noise for each in series if (noise := _noise(each)) is not None]
    rows: dict[str, Callable[[Noise], float]] = {
        "inserted: RMS in the body, by the level in soft tissue": lambda noise: noise.body_factor,
        "inserted: mean frequency minus own, /mm": lambda noise: noise.frequency_change,
        "inserted: power along columns over rows, octaves": lambda noise: noise.direction,
        "… of the slices themselves": lambda noise: noise.own_direction,
    }
    lines = [_row(name, [value(each) for each in found]) for name, value in rows.items()]
    ratios = [ratio for twin in neighbours if (ratio := _ratio(twin)) is not None]
    lines.append(_row("quantum noise of a slice by that of the mean of two (√2 = 1.414)", ratios))
    return HEAD + "\n".join(lines)


def _ratio(twin: Twin) -> float | None:
    """Quantum noise of slices by that of their mean, RMS."""
    spacing = twin.full.header.spacing_mm
    if spacing is None:
        return None
    try:
        full, *low = (quantum_noise(each.hu, spacing).level_hu for each in (twin.full, *twin.low))
    except NotMeasurableError:
        return None
    return float(np.sqrt(np.mean(np.square(low)))) / full


def _row(name: str, values: Sequence[float]) -> str:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return f"| {name} | {len(values)} | {middle:.3f} | {low:.3f} | {high:.3f} |"


def _noise(series: Series) -> Noise | None:
    stack, spacing = series.read()
    hu = stack[len(stack) // 2]
    if is_filtered(hu, spacing):
        return None
    try:
        made = low_dose_noise(hu, spacing, np.random.default_rng(0)).quantum[0]
        tissue = Tissue.of(hu)
        own, inserted = (tissue.noise_in(image, spacing) for image in (hu, made))
    except NotMeasurableError:
        return None
    return Noise(
        body_factor=float(np.sqrt(np.mean(np.square(made[body_mask(hu)])))),
        frequency_change=inserted.mean_per_mm - own.mean_per_mm,
        direction=_direction(tissue, made),
        own_direction=_direction(tissue, hu),
    )


def _direction(tissue: Tissue, image: HuImage) -> float:
    """Median over squares of the power of vertical over horizontal frequencies, in octaves."""
    rows, cols = tissue.body.box
    found = replace(tissue.found, hu=np.ascontiguousarray(image[rows, cols]))
    squares = found.squares(SIDE, found.soft, MOST_SQUARES)
    squares = squares[squares.std(axis=(1, 2)) > 0]
    level = squares - squares.mean(axis=(1, 2), keepdims=True)
    window = np.hanning(SIDE + 2)[1:-1]
    power = np.abs(np.fft.fft2(level * np.outer(window, window))) ** 2
    steps = np.abs(np.fft.fftfreq(SIDE, 1 / SIDE))
    down, across = steps[:, None], steps[None]
    fine = (np.hypot(down, across) >= 2) & (np.hypot(down, across) < SIDE / 2)
    vertical = power[:, fine & (across <= NARROW * down)].mean(axis=1)
    horizontal = power[:, fine & (down <= NARROW * across)].mean(axis=1)
    return float(np.log2(np.median(vertical) / np.median(horizontal)))
