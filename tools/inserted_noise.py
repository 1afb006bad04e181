"""How the noise that a dose curve inserts compares with that of the slices themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctiqa.data.sources.clean_series import Series
from ctiqa.dose_curve.insertion import Tissue, low_dose_noise
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.physics.patient.quantum import MOST_SQUARES, quantum_noise
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import HuImage, Slice

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
        frequency: Mean frequency minus that of the slice, in cycles/mm.
        direction: Power of vertical over horizontal frequencies, logarithm to base 2.
        own_direction: That of the slice.
    """

    frequency: float
    direction: float
    own_direction: float


def noise_table(
    series: Sequence[Series], neighbours: Sequence[tuple[Slice, Slice]], growth: Sequence[float]
) -> str:
    """The table.

    Args:
        series: Noise is inserted in the middle slice of each that is not filtered.
        neighbours: Pairs of slices that share no noise.
        growth: Growth of equivalent noise relative to that of quantum noise.
    """
    found = [noise for each in series if (noise := _noise(each)) is not None]
    halved = [ratio for one, two in neighbours if (ratio := _ratio(one, two)) is not None]
    return HEAD + "\n".join(
        [
            _row("inserted: mean frequency minus own, /mm", [each.frequency for each in found]),
            _row("inserted: power along columns over rows, octaves", [n.direction for n in found]),
            _row("… of the slices themselves", [each.own_direction for each in found]),
            _row("quantum noise of a slice by that of the mean of two (√2 = 1.414)", halved),
            _row("twins: growth of equivalent noise by that of quantum noise", growth),
        ]
    )


def _ratio(one: Slice, two: Slice) -> float | None:
    """Quantum noise of two slices, RMS, by that of their mean."""
    spacing = one.header.spacing_mm
    mean = np.asarray((one.hu + two.hu) / 2, dtype=np.float32)
    if spacing is None:
        return None
    try:
        first, second, both = (quantum_noise(hu, spacing).level_hu for hu in (one.hu, two.hu, mean))
    except NotMeasurableError:
        return None
    return math.sqrt((first**2 + second**2) / 2) / both


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
        frequency=inserted.mean_per_mm - own.mean_per_mm,
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
