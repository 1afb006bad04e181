"""Moment fits of distributions: known samples are recovered, and piq agrees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from piq.brisque import _aggd_parameters, _ggd_parameters  # type: ignore[import-untyped]
from scipy.stats import gennorm

from ctiqa.metrics.no_reference.generalized_gaussian import fit_aggd, fit_ggd, moment_ratio

Floats = npt.NDArray[np.float64]

COUNT = 400_000


def _asymmetric(shape: float, left: float, right: float, rng: np.random.Generator) -> Floats:
    """Samples of exp(−(|x|/β)^shape): each side's share of them is its share of the two β."""
    size = np.abs(gennorm(shape).rvs(COUNT, random_state=rng))
    below = rng.random(COUNT) < left / (left + right)
    return np.asarray(np.where(below, -left * size, right * size))


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("scale", [0.01, 3.0])
def test_known_symmetric_law_is_found(shape: float, scale: float) -> None:
    law = gennorm(shape, scale=scale)
    fit = fit_ggd(law.rvs(COUNT, random_state=np.random.default_rng(0)))
    assert float(fit.shape) == pytest.approx(shape, rel=0.02)
    assert float(fit.deviation) == pytest.approx(law.std(), rel=0.01)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (0.3, 0.9), (4.0, 1.0)])
def test_known_asymmetric_law_is_found(shape: float, left: float, right: float) -> None:
    samples = _asymmetric(shape, left, right, np.random.default_rng(1))
    fit, unit = fit_aggd(samples), gennorm(shape).std()
    assert float(fit.shape) == pytest.approx(shape, rel=0.02)
    assert float(fit.left) == pytest.approx(left * unit, rel=0.02)
    assert float(fit.right) == pytest.approx(right * unit, rel=0.02)
    assert float(fit.mean) == pytest.approx(samples.mean(), abs=0.02 * samples.std())


def test_ratios_known_by_hand() -> None:
    """Laplace: 1²/2. Normal: 2/π. Uniform, the limit: (1/2)²/(1/3)."""
    found = moment_ratio(np.array([1.0, 2.0, 1e6]))
    np.testing.assert_allclose(found, [1 / 2, 2 / np.pi, 3 / 4], rtol=1e-5)


def test_shapes_beyond_the_table_are_its_ends() -> None:
    assert float(fit_ggd(np.array([-1.0, 1.0])).shape) == 10
    assert float(fit_ggd(np.array([1.0] + [0.0] * 9999)).shape) == 0.2


def test_many_samples_at_once_are_each_as_alone() -> None:
    samples = np.random.default_rng(2).laplace(0.1, 1, (2, 3, 500))
    together = fit_aggd(samples)
    alone = [fit_aggd(each) for each in samples.reshape(6, 500)]
    np.testing.assert_allclose(np.stack(together, axis=-1).reshape(6, 4), np.array(alone))


def test_what_does_not_count_has_no_influence() -> None:
    rng = np.random.default_rng(3)
    samples, counts = rng.normal(0, 1, 1000), rng.random(1000) < 0.3
    spoiled = np.where(counts, samples, np.nan)
    np.testing.assert_allclose(fit_ggd(spoiled, counts), fit_ggd(samples[counts]))
    np.testing.assert_allclose(fit_aggd(spoiled, counts), fit_aggd(samples[counts]))


@pytest.mark.parametrize("where", [None, np.zeros(8, bool)])
def test_nothing_has_no_shape(where: npt.NDArray[np.bool_] | None) -> None:
    samples = np.zeros(8) if where is None else np.ones(8)
    symmetric, asymmetric = fit_ggd(samples, where), fit_aggd(samples, where)
    assert np.isnan([symmetric.shape, asymmetric.shape, asymmetric.mean]).all()
    assert float(symmetric.deviation) == float(asymmetric.left) == float(asymmetric.right) == 0


def test_a_law_with_one_side_is_fitted() -> None:
    samples = np.abs(np.random.default_rng(4).normal(0, 2, COUNT))
    fit = fit_aggd(samples)
    assert float(fit.left) == 0
    assert float(fit.shape) == pytest.approx(2, rel=0.02)
    assert float(fit.mean) == pytest.approx(samples.mean(), rel=0.01)


@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(1e-3, 1e3), size=st.integers(2, 200))
def test_scale_and_mirror(seed: int, factor: float, size: int) -> None:
    """A factor scales only the widths; mirroring swaps the sides of the distribution."""
    samples = np.random.default_rng(seed).standard_t(3, size)
    fit, scaled, mirrored = (fit_aggd(x) for x in (samples, factor * samples, -samples))
    expected = (fit.shape, factor * fit.mean, factor * fit.left, factor * fit.right)
    np.testing.assert_allclose(scaled, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        mirrored, (fit.shape, -fit.mean, fit.right, fit.left), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 5.0])
def test_piq_finds_the_same(shape: float) -> None:
    """Its table is not interpolated: half a step of 0.001 is allowed."""
    samples = _asymmetric(shape, 1.0, 1.5, np.random.default_rng(5))
    tensor = torch.from_numpy(samples.reshape(1, 1, 500, -1))
    ggd, aggd = fit_ggd(samples), fit_aggd(samples)
    theirs = [float(each) for each in (*_ggd_parameters(tensor), *_aggd_parameters(tensor))]
    ours = [ggd.shape, ggd.deviation, aggd.shape, aggd.left, aggd.right]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=0.00051)
