"""Slices at two doses, simulated or from two folders; and neighbouring slices."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from ctiqa.data.sources.clean_series import Series, evenly, kernel_of
from ctiqa.dose_curve.insertion import Tissue, tube_current
from ctiqa.errors import UsageError
from ctiqa.io import read_scans, read_slice
from ctiqa.physics import measure
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Floats, HuImage, Slice, SliceHeader, SliceSource

Spacing = tuple[float, float]

FULL = 0.5
"""Dose of the simulated full-dose slice relative to the real one: half of its noise is made."""

APART = (1.0, 1.7)
"""Distance of two slices, in thicknesses, that share no noise but most of the anatomy."""

MOST_PAIRS = 8
"""Most pairs of neighbours per series."""


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """One slice at two doses.

    Attributes:
        full: The slice at the higher dose.
        low: The same at the lower dose.
        dose: The lower dose as a fraction of the higher.
    """

    full: Slice
    low: Slice
    dose: float


def simulated(series: Sequence[Series], dose: float, *, modulated: bool) -> Iterator[Twin]:
    """Twins with noise of the nominal kernel, from one slice of every series.

    Args:
        series: The series.
        dose: Dose of the lower twin as a fraction of the higher.
        modulated: Whether the tube current follows the attenuation, or is constant.
    """
    for number, each in enumerate(series):
        stack, spacing = each.read()
        hu = stack[len(stack) // 2]
        rng = np.random.default_rng(number)
        try:
            level = Tissue.of(hu).noise_in(hu, spacing).level_hu
            noises = [unit_noise(hu, spacing, each, rng, modulated=modulated) for _ in range(2)]
        except NotMeasurableError:
            continue
        full, low = (
            (hu + np.float32(level * math.sqrt(1 / part - 1)) * noise).astype(np.float32)
            for part, noise in zip((FULL, FULL * dose), noises, strict=True)
        )
        yield Twin(as_slice(full, spacing), as_slice(low, spacing), dose)


def unit_noise(
    hu: HuImage, spacing: Spacing, series: Series, rng: np.random.Generator, *, modulated: bool
) -> HuImage:
    """Noise of the nominal kernel, 1 HU in soft tissue."""
    rays = measure(hu, spacing, kernel_of(series.kernel))
    photons = tube_current(rays.sinogram) if modulated else np.ones((1, 1))
    deviation = np.exp(rays.sinogram / 2) / np.sqrt(photons)
    noise = rays.image_of((deviation * rng.standard_normal(deviation.shape)).astype(np.float32))
    return noise / np.float32(Tissue.of(hu).noise_in(noise, spacing).level_hu)


def neighbours(root: Path, series: Sequence[Series]) -> Iterator[tuple[Slice, Slice]]:
    """Pairs of slices that do not overlap."""
    records = json.loads((root / "index.json").read_text(encoding="utf-8"))
    thick = {Path(str(each["file"])).stem: each.get("slice_thickness_mm") for each in records}
    for each in series:
        stack, spacing = each.read()
        with np.load(each.file, allow_pickle=False) as stored:
            z = stored["z_mm"]
        pairs = _pairs(z, thick[each.name])
        for k in evenly(len(pairs), MOST_PAIRS):
            one, two = (as_slice(stack[index], spacing) for index in pairs[k])
            yield one, two


def _pairs(z_mm: Floats, thickness: object) -> list[tuple[int, int]]:
    """Indices of slices at the right distance."""
    try:
        step = float(str(thickness))
    except ValueError:
        return []
    low, high = APART
    indices = combinations(range(len(z_mm)), 2)
    return [(i, j) for i, j in indices if low <= abs(z_mm[i] - z_mm[j]) / step <= high]


def from_folders(full: Path, low: Path, dose: float) -> Iterator[Twin]:
    """The series and slices of two folders, paired in order.

    Raises:
        UsageError: If the folders differ in their numbers of series or slices.
    """
    scans = [read_scans(folder).scans for folder in (full, low)]
    counts = [[len(scan.headers) for scan in each] for each in scans]
    if counts[0] != counts[1]:
        raise UsageError(
            f"'--full' and '--low' must hold the same series, got {counts[0]} slices in '{full}' "
            f"and {counts[1]} in '{low}'"
        )
    for whole, part in zip(*scans, strict=True):
        for two in zip(whole.headers, part.headers, strict=True):
            high, lower = map(read_slice, two)
            yield Twin(high, lower, dose)


def as_slice(hu: HuImage, spacing: Spacing) -> Slice:
    """An image as a slice."""
    rows, cols = hu.shape
    return Slice(hu, SliceHeader(SliceSource(Path("twin")), rows, cols, spacing))
