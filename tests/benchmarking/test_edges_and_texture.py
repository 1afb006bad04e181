from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage
from tests.benchmarking.made import SIDE, anatomy, noise

from ctiqa.benchmarking.edges import edge_loss, edges_of
from ctiqa.benchmarking.texture import UNKNOWN, radial_spectrum, texture_of, uniform_regions
from ctiqa.hu import body_mask
from ctiqa.types import HuImage

EVERYWHERE = np.ones((SIDE, SIDE), dtype=bool)


def step(sigma: float) -> HuImage:
    """A straight edge of 60 HU, blurred."""
    image = np.zeros((SIDE, SIDE), np.float32)
    image[:, SIDE // 2 :] = 60
    return np.asarray(ndimage.gaussian_filter1d(image, sigma, axis=1), dtype=np.float32)


@pytest.mark.parametrize("blur", [1.0, 2.0, 4.0])
def test_the_loss_of_a_blurred_step_is_known(blur: float) -> None:
    """Gaussians add in quadrature, and the crest of the gradient falls as the width grows."""
    own = 1.5
    edges = edges_of(step(own), EVERYWHERE)
    before = math.hypot(own, 1)
    wanted = 1 - before / math.hypot(own, 1, blur)
    assert edge_loss(step(math.hypot(own, blur)), edges) == pytest.approx(wanted, abs=0.03)


def test_edges_are_thin_and_lie_where_the_step_is() -> None:
    mask = edges_of(step(1.5), EVERYWHERE).crest
    cols = np.flatnonzero(mask.any(axis=0))
    assert set(cols) <= {SIDE // 2 - 1, SIDE // 2}
    assert mask.any(axis=1).all()


def test_noise_of_the_image_does_not_count() -> None:
    reference = anatomy()
    edges = edges_of(reference, body_mask(reference))
    losses = [edge_loss(reference + noise(30, seed), edges) for seed in range(3)]
    assert losses == pytest.approx([0, 0, 0], abs=0.03)


def test_noise_of_the_reference_hardly_counts() -> None:
    clean = anatomy()
    noisy = clean + noise(10, 0)
    assert 0 < edge_loss(clean, edges_of(noisy, body_mask(noisy))) < 0.02


def test_noise_of_the_reference_makes_few_edges() -> None:
    flat = np.full((SIDE, SIDE), 40, np.float32)
    assert edges_of(flat + noise(20, 0), EVERYWHERE).strong.mean() < 0.001


def test_too_few_edges_have_no_loss() -> None:
    flat = np.full((SIDE, SIDE), 40, np.float32)
    assert math.isnan(edge_loss(flat, edges_of(flat, EVERYWHERE)))


def test_edges_outside_the_mask_do_not_count() -> None:
    edges = edges_of(step(1.5), EVERYWHERE & (np.arange(SIDE) < 100))
    assert math.isnan(edge_loss(step(1.5), edges))


def test_the_frequency_of_a_grating_is_found() -> None:
    cols = np.broadcast_to(np.arange(SIDE), (SIDE, SIDE))
    waves = 40 + 10 * np.sin(2 * np.pi * cols / 8).astype(np.float32)
    regions = uniform_regions(waves * 0, EVERYWHERE, ~EVERYWHERE)
    mean, peak = texture_of(waves, regions, (0.5, 0.5))
    assert peak == pytest.approx(1 / (8 * 0.5))
    assert mean == pytest.approx(1 / (8 * 0.5), rel=0.1)
    assert texture_of(waves, regions, None).peak == pytest.approx(1 / 8)


def test_a_spectrum_is_averaged_over_directions() -> None:
    frequency, power = radial_spectrum(np.full((32, 32), 3.0), (0.5, 0.5))
    assert power == pytest.approx(np.full(16, 3.0))
    assert frequency[-1] == pytest.approx(1.0)


def test_regions_avoid_edges_and_other_tissue() -> None:
    reference = anatomy()
    mask = body_mask(reference)
    regions = uniform_regions(reference, mask, edges_of(reference, mask).strong)
    assert len(regions) > 5
    for row, col in regions:
        square = reference[row : row + 32, col : col + 32]
        assert np.ptp(square) < 60
        assert square.min() > -150


def test_without_regions_or_noise_there_is_no_texture() -> None:
    flat = np.full((64, 64), 40, np.float32)
    assert texture_of(flat, [], (1.0, 1.0)) == UNKNOWN
    assert texture_of(flat, [(0, 0)], (1.0, 1.0)) == UNKNOWN
