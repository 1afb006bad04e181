"""Validate the measurements on images of patients, for the table in docs/physics.md.

python -m tools.validate_physics            measures (about a minute), prints, writes the table
python -m tools.validate_physics --check    exit status 1 if the page is out of date

Truth is geometry, a known point spread, a known noise spectrum, tables of a report, or simulation.
Exit status 2 if an error is larger than the page states. The phantoms are those of the tests.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from scipy import ndimage
from tests.physics.patient.made import Ellipse, Floats, Image, anatomy, noise, painted, stored
from tests.physics.patient.test_dose import DIAMETERS_CM, TABLES
from tools.blocks import with_block, write_or_check

import ctiqa
from ctiqa.io.formats import read_here
from ctiqa.physics import (
    Kernel,
    NoiseModel,
    edge_sharpness,
    effective_diameter,
    find_body,
    quantum_noise,
    simulate_low_dose,
    size_specific_dose,
    tissue_contrast,
    water_equivalent_diameter,
)
from ctiqa.physics.kernels import (
    SHARP_KERNEL,
    SOFT_KERNEL,
    STANDARD_KERNEL,
    filter_radially,
    radial_frequency,
)

PAGE = Path(__file__).parents[1] / "docs" / "physics.md"
BEGIN, END = "<!-- validation: python -m tools.validate_physics -->", "<!-- /validation -->"

KERNELS = (SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL)
SIDE = 512

Errors = Iterator[float]


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table.

    Attributes:
        quantity: What is measured.
        truth: What it is compared with, and over which range.
        tolerance: Largest error that the page states.
        unit: Unit of the errors; ``%`` of the true value.
        errors: Measures and yields the errors.
    """

    quantity: str
    truth: str
    tolerance: float
    unit: str
    errors: Callable[[], Errors]


def percent(found: float, true: float) -> float:
    """Relative error in percent."""
    return 100 * (found / true - 1)


def two(spacing_mm: float) -> tuple[float, float]:
    """Square pixels."""
    return spacing_mm, spacing_mm


def water_diameters() -> Errors:
    """Ellipses of oil, water and contrast medium, and a chest, against geometry."""
    for spacing, hu, share in product((0.6, 0.8, 0.98), (-100, 0, 120), (0.5, 0.75)):
        a = 0.42 * SIDE * spacing
        image = stored(painted([Ellipse(hu, a, share * a)], SIDE, spacing))
        true = 2 * a * math.sqrt(share * (1 + hu / 1000))
        yield percent(water_equivalent_diameter(image, two(spacing)), true)
    lungs = [Ellipse(-850, 50, 60, x) for x in (-60, 60)]
    image = stored(painted([Ellipse(30, 150, 100), *lungs], SIDE, 0.7))
    true = 2 * math.sqrt(1.03 * 150 * 100 - 0.88 * 2 * 50 * 60)
    yield percent(water_equivalent_diameter(image, two(0.7)), true)


def cut_diameters() -> Errors:
    """Discs and ellipses of which the matrix cuts off up to a tenth of the outline."""
    for share, loss in product((1.0, 0.7), range(2, 12, 2)):
        a = 190.0
        image = stored(painted([Ellipse(0, a, share * a)], SIDE, 0.8))
        whole = water_equivalent_diameter(image, two(0.8))
        part = image[:, : SIDE // 2 + round(a / 0.8) - loss]
        if find_body(part).cut_share <= 0.10:
            yield percent(water_equivalent_diameter(part, two(0.8)), whole)


def effective_diameters() -> Errors:
    """Ellipses against geometry."""
    for spacing, share in product((0.6, 0.8, 0.98), (0.5, 0.75, 1.0)):
        a = 0.42 * SIDE * spacing
        image = stored(painted([Ellipse(40, a, share * a)], SIDE, spacing))
        yield percent(effective_diameter(image, two(spacing)), 2 * a * math.sqrt(share))


def doses() -> Errors:
    """All factors of the tables at hand."""
    for phantom, factors in TABLES.items():
        for diameter, factor in zip(DIAMETERS_CM, factors, strict=True):
            yield size_specific_dose(1.0, phantom, 10 * diameter) - factor


def uniform() -> Floats:
    """A disc of tissue."""
    return painted([Ellipse(40, 150, 150)], SIDE, 0.7)


def textured(
    tissue: Floats, spacing_mm: float, levels_hu: tuple[float, ...]
) -> Iterator[tuple[Image, float, Kernel]]:
    """An image with noise of every kernel and level."""
    for seed, (kernel, level) in enumerate(product(KERNELS, levels_hu)):
        made = noise(tissue.shape, spacing_mm, kernel, np.random.default_rng(seed))
        yield stored(tissue + level * made), level, kernel


def uniform_levels() -> Errors:
    """Quantum noise without anatomy."""
    for image, level, _ in textured(uniform(), 0.7, (3, 10, 30, 60)):
        yield percent(quantum_noise(image, two(0.7)).level_hu, level)


def anatomical_levels() -> Errors:
    """Quantum noise with vessels, ribs, spine and gas."""
    for image, level, _ in textured(trunk(), 1.0, (8, 15, 30, 60)):
        yield percent(quantum_noise(image, two(1.0)).level_hu, level)


def trunk() -> Floats:
    """The trunk of the tests."""
    return anatomy(np.random.default_rng(0), 320, 1.0)


def simulated_doses() -> Errors:
    """Ratio of the quantum noise at a dose and a quarter of it, inserted in projections."""
    for dose in (0.5, 0.25, 0.1):
        true = math.sqrt((4 / dose - 1) / (1 / dose - 1))
        yield percent(quarter(trunk().astype(np.float32), 1.0, dose, STANDARD_KERNEL), true)


def doses_of_the_example() -> Errors:
    """The same on the example chest, smoothed until it holds no noise of its own."""
    slices = example()
    for hu in (slices[2], slices[5], slices[9]):
        chest = ndimage.gaussian_filter(hu, 2.5)
        true = math.sqrt((4 / 0.5 - 1) / (1 / 0.5 - 1))
        yield percent(quarter(chest, 0.646, 0.5, STANDARD_KERNEL), true)


def example() -> list[Image]:
    """The example scan: a chest, 8 mm every 24 mm, pixels of 0.646 mm."""
    folder = Path(ctiqa.__file__).parent / "assets" / "example"
    return [read_here(header).hu for header in ctiqa.read_scans(folder).scans[0].headers]


def neighbours() -> Errors:
    """One slice against the difference of two."""
    slices = example()
    for one, other in pairwise(slices):
        alone, both = (quantum_noise(one, two(0.646), neighbour=n) for n in (None, other))
        yield percent(alone.level_hu, both.level_hu)


def spread_of_mean_frequencies() -> Errors:
    """Slices of one kernel against their mean."""
    found = np.array([quantum_noise(each, two(0.646)).mean_per_mm for each in example()])
    yield from found - found.mean()


def quarter(hu: Image, spacing_mm: float, dose: float, kernel: Kernel) -> float:
    """Quantum noise at a quarter of a dose, relative to that at the dose."""
    model = NoiseModel(photons=2.0e5, kernel=kernel)
    found = []
    for each in (dose, dose / 4):
        rng = np.random.default_rng(1)
        image = simulate_low_dose(hu, two(spacing_mm), each, rng, model=model, n_views=720)
        found.append(quantum_noise(image, two(spacing_mm)).level_hu)
    return found[1] / found[0]


def mean_frequencies() -> Errors:
    """Mean frequency of the spectrum, with anatomy."""
    for image, _, kernel in textured(trunk(), 1.0, (8, 15, 30, 60)):
        f = np.linspace(0, 0.5, 1000)
        power = f * kernel.weight(f) ** 2
        true = float((f * power).sum() / power.sum())
        yield quantum_noise(image, two(1.0)).mean_per_mm - true


def peaks() -> Errors:
    """Peak of the spectrum, with anatomy."""
    for image, _, kernel in textured(trunk(), 1.0, (8, 15, 30, 60)):
        f = np.linspace(0, 0.5, 1000)
        true = float(f[(f * kernel.weight(f) ** 2).argmax()])
        yield quantum_noise(image, two(1.0)).peak_per_mm - true


def patient(spacing_mm: float, sigma_mm: float) -> Floats:
    """Muscle and fat under 1.5 mm of skin."""
    a, b = 0.42 * SIDE * spacing_mm, 0.3 * SIDE * spacing_mm
    layers = [Ellipse(40, a, b), Ellipse(-100, a - 1.5, b - 1.5), Ellipse(50, a - 20, b - 20)]
    return painted(layers, SIDE, spacing_mm, sigma_mm=sigma_mm)


def sharpness(level_hu: float) -> Errors:
    """Gaussian point spread under noise."""
    for spacing, sigma in product((0.5, 0.7, 0.95), (0.45, 0.6, 0.8)):
        true = math.sqrt(math.log(2) / 2) / (math.pi * sigma)
        if true < 0.75 * 0.5 / spacing:
            made = noise((SIDE, SIDE), spacing, STANDARD_KERNEL, np.random.default_rng(0))
            image = stored(patient(spacing, sigma) + level_hu * made)
            yield percent(edge_sharpness(image, two(spacing)).f50_per_mm, true)


def sharpness_of_kernels() -> Errors:
    """Kernels, one of which enhances edges."""
    for kernel in KERNELS:
        hu = painted([Ellipse(40, 150, 107)], SIDE, 0.7, sigma_mm=0.35).astype(np.float32)
        weight = kernel.weight(radial_frequency(hu.shape, two(0.7)))
        f = np.linspace(0, 1.5, 3000)
        mtf = kernel.weight(f) * np.exp(-2 * (np.pi * 0.35 * f) ** 2)
        true = float(f[np.flatnonzero(mtf < 0.5)[0]])
        found = edge_sharpness(stored(filter_radially(hu, weight)), two(0.7))
        yield percent(found.f50_per_mm, true)


def two_tissues() -> Iterator[tuple[Image, float, float, float]]:
    """Fat around muscle: image, and CT numbers and noise that are true."""
    for (fat, muscle), level in product(((-105, 55), (-80, 35), (-120, 80)), (5, 15, 30)):
        tissue = painted([Ellipse(fat, 160, 120), Ellipse(muscle, 135, 95)], SIDE, 0.7)
        made = noise(tissue.shape, 0.7, STANDARD_KERNEL, np.random.default_rng(level))
        yield stored(tissue + level * made), fat, muscle, level


def noise_levels() -> Errors:
    """Global noise level."""
    for image, _, _, level in two_tissues():
        yield percent(tissue_contrast(image).noise_hu, level)


def tissue_numbers() -> Errors:
    """CT numbers of fat and muscle."""
    for image, fat, muscle, _ in two_tissues():
        found = tissue_contrast(image)
        yield found.fat_hu - fat
        yield found.muscle_hu - muscle


def contrasts() -> Errors:
    """Contrast-to-noise ratio."""
    for image, fat, muscle, level in two_tissues():
        yield percent(tissue_contrast(image).contrast_to_noise, (muscle - fat) / level)


CHECKS = (
    Check(
        "water-equivalent diameter", "ellipses, −100…120 HU, and a chest", 0.3, "%", water_diameters
    ),
    Check(
        "… of a body cut off",
        "up to 10 % of the outline of a disc or ellipse",
        1.0,
        "%",
        cut_diameters,
    ),
    Check(
        "effective diameter",
        "ellipses",
        1.0,
        "%",
        effective_diameters,
    ),
    Check(
        "SSDE at 1 mGy",
        "AAPM 204, tables 1D and 2D, 8–45 cm",
        0.0051,
        "mGy",
        doses,
    ),
    Check(
        "global noise level",
        "two tissues, 5–30 HU",
        10.0,
        "%",
        noise_levels,
    ),
    Check(
        "quantum noise",
        "uniform tissue, three kernels, 3–60 HU",
        8.0,
        "%",
        uniform_levels,
    ),
    Check(
        "… with anatomy",
        "trunk with 250 vessels, three kernels, 8–60 HU",
        15.0,
        "%",
        anatomical_levels,
    ),
    Check(
        "… at a quarter of the dose",
        "noise in projections of this trunk",
        8.0,
        "%",
        simulated_doses,
    ),
    Check(
        "… at a quarter of the dose",
        "noise in projections of the example chest",
        10.0,
        "%",
        doses_of_the_example,
    ),
    Check(
        "… against neighbours",
        "difference of slices of the example, 24 mm apart",
        20.0,
        "%",
        neighbours,
    ),
    Check(
        "mean frequency of the NPS",
        "the same trunk, three kernels, 8–60 HU",
        0.04,
        "mm⁻¹",
        mean_frequencies,
    ),
    Check(
        "… of one kernel",
        "slices of the example against their mean",
        0.04,
        "mm⁻¹",
        spread_of_mean_frequencies,
    ),
    Check(
        "peak of the NPS",
        "the same trunk, three kernels, 8–60 HU",
        0.10,
        "mm⁻¹",
        peaks,
    ),
    Check(
        "f50",
        "skin over fat, σ 0.45–0.8 mm, without noise",
        5.0,
        "%",
        lambda: sharpness(0),
    ),
    Check(
        "… with noise",
        "10 HU",
        7.0,
        "%",
        lambda: sharpness(10),
    ),
    Check(
        "… with noise",
        "20 HU",
        10.0,
        "%",
        lambda: sharpness(20),
    ),
    Check(
        "… of kernels",
        "soft, standard, sharp with undershoot",
        5.0,
        "%",
        sharpness_of_kernels,
    ),
    Check(
        "CT number of fat, muscle",
        "two tissues, 5–30 HU",
        3.0,
        "HU",
        tissue_numbers,
    ),
    Check(
        "contrast-to-noise ratio",
        "two tissues, 5–30 HU",
        12.0,
        "%",
        contrasts,
    ),
)


def row(check: Check) -> tuple[str, bool]:
    """A row of the table, and whether the error is within what is stated."""
    errors = np.array(list(check.errors()))
    worst = float(np.abs(errors).max())
    mean = f"{float(errors.mean().round(9)):+.2g}".replace("-", "−")
    cells = (check.quantity, check.truth, str(errors.size), mean, f"{worst:.2g}")
    line = f"| {' | '.join(cells)} | {check.tolerance:g} {check.unit} |"
    return line, worst <= check.tolerance


def main() -> int:
    """Measure, print and write."""
    head = ["| quantity | truth | n | mean error | largest | stated |", "|---|---|---|---|---|---|"]
    rows = []
    for check in CHECKS:
        rows.append(row(check))
        sys.stdout.write(f"{rows[-1][0]}{'' if rows[-1][1] else '  too large'}\n")
    table = "\n".join([*head, *(line for line, _ in rows)])
    stale = write_or_check([PAGE], lambda text: with_block(text, BEGIN, END, table), __doc__)
    return stale if all(good for _, good in rows) else 2


if __name__ == "__main__":
    sys.exit(main())
