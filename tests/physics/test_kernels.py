"""Kernels and kernel conversion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import STEADY, Disc, Image, grid, rms

from ctiqa.errors import UsageError
from ctiqa.physics import (
    FanBeam,
    Kernel,
    change_kernel,
    hu_to_mu,
    insert_noise,
    mu_to_hu,
    project,
    reconstruct,
)
from ctiqa.physics.kernels import (
    SHARP_KERNEL,
    SOFT_KERNEL,
    STANDARD_KERNEL,
    filter_radially,
    radial_frequency,
)

SHAPE, SPACING = (160, 160), (0.5, 0.5)
X, Y = grid(SHAPE, SPACING)
BONE, FAT = Disc(0, 18, 4), Disc(12, 0, 5)
INSIDE = Disc(0, 0, 30).holds(X, Y)
FLAT = INSIDE & ~Disc(0, 18, 7).holds(X, Y) & ~Disc(12, 0, 8).holds(X, Y)

Images = dict[Kernel, Image]


@pytest.fixture(scope="module")
def images() -> Images:
    """One noisy scan, reconstructed with each kernel."""
    hu = 1000 * Disc(0, 0, 34).image(SHAPE, SPACING) - 1000
    hu += 300 * BONE.image(SHAPE, SPACING) - 100 * FAT.image(SHAPE, SPACING)
    scan = FanBeam.covering(SHAPE, SPACING, n_views=480, pitch_mm=0.5)
    lines = project(hu_to_mu(hu), SPACING, scan)
    noisy = insert_noise(lines, 0.2, 2.0e5, np.random.default_rng(1))
    return {
        kernel: mu_to_hu(reconstruct(noisy, scan, SHAPE, SPACING, kernel))
        for kernel in (SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL)
    }


@pytest.mark.parametrize(
    ("old", "new", "share"),
    [
        pytest.param(STANDARD_KERNEL, SOFT_KERNEL, 0.10, id="standard-to-soft"),
        pytest.param(SHARP_KERNEL, SOFT_KERNEL, 0.05, id="sharp-to-soft"),
        pytest.param(SHARP_KERNEL, STANDARD_KERNEL, 0.10, id="sharp-to-standard"),
        pytest.param(SOFT_KERNEL, STANDARD_KERNEL, 0.40, id="soft-to-standard"),
        pytest.param(STANDARD_KERNEL, SHARP_KERNEL, 0.35, id="standard-to-sharp"),
    ],
)
def test_equals_reconstructing_with_the_other_kernel(
    images: Images, old: Kernel, new: Kernel, share: float
) -> None:
    """Filtering lines or image is one thing: what differs is a small share of the change.

    Sharpening is limited, because a soft kernel has left little of the fine detail.
    """
    made = change_kernel(images[old], SPACING, old, new)
    missed = rms((made - images[new])[INSIDE])
    assert missed < share * rms((images[old] - images[new])[INSIDE])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (STANDARD_KERNEL, SOFT_KERNEL),
        (STANDARD_KERNEL, SHARP_KERNEL),
        (SHARP_KERNEL, STANDARD_KERNEL),
    ],
)
def test_noise_becomes_that_of_the_new_kernel(images: Images, old: Kernel, new: Kernel) -> None:
    made = change_kernel(images[old], SPACING, old, new)
    assert float(made[FLAT].std()) == pytest.approx(float(images[new][FLAT].std()), rel=0.03)


def test_soft_lowers_and_sharp_raises_noise(images: Images) -> None:
    image = images[STANDARD_KERNEL]
    soft, sharp = (
        change_kernel(image, SPACING, STANDARD_KERNEL, k)[FLAT].std()
        for k in (SOFT_KERNEL, SHARP_KERNEL)
    )
    assert 0.8 * image[FLAT].std() > soft
    assert 1.5 * image[FLAT].std() < sharp


@pytest.mark.parametrize("spacing", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(
    "kernel", [SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL], ids=["soft", "standard", "sharp"]
)
def test_same_kernel_is_the_identity(images: Images, kernel: Kernel, spacing: float) -> None:
    """Also for pixels so small that the kernel passes next to nothing of their finest detail."""
    image = images[kernel]
    assert np.array_equal(change_kernel(image, (spacing, spacing), kernel, kernel), image)


def test_ct_numbers_of_large_regions_stay(images: Images) -> None:
    """Every kernel passes frequency zero in full: the mean of a slice cannot change."""
    for new in (SOFT_KERNEL, SHARP_KERNEL):
        made = change_kernel(images[STANDARD_KERNEL], SPACING, STANDARD_KERNEL, new)
        assert float(made.mean()) == pytest.approx(float(images[STANDARD_KERNEL].mean()), abs=0.01)
        assert float(made[FLAT].mean()) == pytest.approx(
            float(images[STANDARD_KERNEL][FLAT].mean()), abs=2
        )


def test_frequencies_respect_the_pixel_shape() -> None:
    """A wave of 0.1 cycles/mm has the same weight along long and short pixels."""
    x, y = grid((100, 80), (0.6, 0.5))  # 60 mm by 40 mm: whole waves
    weight = 1 / (1 + radial_frequency((100, 80), (0.6, 0.5)))
    for wave in (np.cos(0.2 * np.pi * x), np.cos(0.2 * np.pi * y)):
        filtered = filter_radially(wave.astype(np.float32), weight)
        assert filtered == pytest.approx(wave / 1.1, abs=1e-5)


@pytest.mark.parametrize(
    ("kernel", "frequency", "weight"),
    [
        (Kernel(0.4), 0.0, 1.0),
        (Kernel(0.4), 0.4, 0.5),
        (Kernel(0.4), 0.8, 1 / 16),
        (Kernel(0.4, boost=1.0), 0.4, 1.0),
        (Kernel(0.4, boost=0.5), 0.0, 1.0),
    ],
)
def test_weights_by_hand(kernel: Kernel, frequency: float, weight: float) -> None:
    assert kernel.weight(np.array([frequency])) == pytest.approx([weight])


@STEADY
@given(st.floats(0.1, 1.0), st.floats(0.0, 2.0))
def test_every_kernel_keeps_zero_and_ends_at_nothing(half: float, boost: float) -> None:
    weight = Kernel(half, boost).weight(np.array([0.0, 6 * half]))
    assert weight[0] == 1
    assert weight[1] < 1e-8


@pytest.mark.parametrize(
    ("half", "boost", "message"),
    [
        (0.0, 0.0, r"'half_per_mm' must be > 0, got 0\.0"),
        (math.nan, 0.0, r"'half_per_mm' must be > 0, got nan"),
        (0.4, -0.5, r"'boost' must be >= 0, got -0\.5"),
        (0.4, math.nan, r"'boost' must be >= 0, got nan"),
    ],
)
def test_impossible_kernels_are_refused(half: float, boost: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Kernel(half, boost)
