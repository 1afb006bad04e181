"""Filters of finished images: what they take, and what they leave."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from tests.data.collection import patient_slice

from ctiqa.data.simulation.filters import FILTERS, mixed
from ctiqa.hu import body_mask
from ctiqa.types import HuImage

NOISE_HU = 25.0


@pytest.fixture(scope="module")
def clean() -> HuImage:
    return patient_slice(3)


@pytest.fixture(scope="module")
def noisy(clean: HuImage) -> HuImage:
    noise = np.random.default_rng(0).standard_normal(clean.shape).astype(np.float32)
    return clean + np.float32(NOISE_HU) * noise


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_keeps_shape_type_and_mean(name: str, noisy: HuImage) -> None:
    family = FILTERS[name]
    for strength in (family.strengths[0], family.strengths[-1]):
        filtered = family.apply(noisy, strength)
        assert filtered.shape == noisy.shape
        assert filtered.dtype == np.float32
        assert np.isfinite(filtered).all()
    gentle = family.apply(noisy, family.strengths[0])
    inside = ndimage.binary_erosion(body_mask(noisy), iterations=4)
    assert abs(float((gentle - noisy)[inside].mean())) < 5


@pytest.mark.parametrize("name", FILTERS)
def test_the_stronger_the_further_from_the_image(name: str, noisy: HuImage) -> None:
    family = FILTERS[name]
    assert list(family.strengths) == sorted(family.strengths)
    moved = [float(np.abs(family.apply(noisy, s) - noisy).mean()) for s in family.strengths]
    assert moved == sorted(moved)
    assert moved[-1] > 1.2 * moved[0]


@pytest.mark.parametrize("name", [name for name, each in FILTERS.items() if each.smooths])
def test_what_smooths_takes_noise(name: str) -> None:
    family = FILTERS[name]
    flat = np.zeros((96, 96), np.float32) + 40
    grain = np.random.default_rng(1).standard_normal(flat.shape, dtype=np.float32)
    grainy = flat + np.float32(NOISE_HU) * grain
    least = min(float(family.apply(grainy, strength).std()) for strength in family.strengths)
    assert least < 0.7 * NOISE_HU


@pytest.mark.parametrize("name", FILTERS)
def test_draws_stay_within_the_family(name: str) -> None:
    family = FILTERS[name]
    rng = np.random.default_rng(0)
    drawn = [family.draw(rng) for _ in range(500)]
    assert min(drawn) >= family.strengths[0]
    assert max(drawn) <= family.strengths[-1]
    # Log-uniform: half of the draws lie below the geometric mean of the ends.
    middle = float(np.sqrt(family.strengths[0] * family.strengths[-1]))
    assert 0.3 < np.mean(np.array(drawn) <= middle) < 0.7
    if family.whole:
        assert all(strength % 2 == 1 for strength in drawn)


def test_the_network_finds_noise_and_not_anatomy(clean: HuImage, noisy: HuImage) -> None:
    inside = body_mask(clean)
    denoised = FILTERS["network"].apply(noisy, 1.0)
    left = float(np.sqrt(np.mean(np.square((denoised - clean)[inside]))))
    assert left < 0.9 * NOISE_HU
    half = FILTERS["network"].apply(noisy, 0.5)
    np.testing.assert_allclose(half, mixed(noisy, denoised, 0.5), atol=1e-2)


def test_eight_bits_clip_and_round() -> None:
    hu = np.array([[-1000, 40, 41, 3000]], dtype=np.float32)
    kept = FILTERS["8 bits"].apply(hu, 8.0)
    assert kept.min() > -300
    assert kept.max() < 400
    assert abs(float(kept[0, 1]) - 40) <= 1.1


def test_a_mix_lies_between() -> None:
    low, high = np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)
    assert mixed(low, high, 0.25).tolist() == [[0.25, 0.25], [0.25, 0.25]]
