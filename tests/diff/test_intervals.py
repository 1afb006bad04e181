"""Intervals contain the true difference as often as they say, also of correlated slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ctiqa.diff.intervals import Estimate, mean_error, paired, unpaired

Floats = npt.NDArray[np.float64]

STUDIES = 500
TRUE = 0.3


def correlated(rng: np.random.Generator, shape: tuple[int, int], rho: float) -> Floats:
    """Values of SD 1 of which neighbours [studies, slices] have the correlation ``rho``."""
    values = rng.standard_normal(shape)
    for k in range(1, shape[1]):
        values[:, k] = rho * values[:, k - 1] + np.sqrt(1 - rho**2) * values[:, k]
    return values


def contains(estimate: Estimate, value: float) -> bool:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low <= value <= estimate.high


@pytest.mark.parametrize(("count", "rho"), [(6, 0.0), (12, 0.3), (40, 0.3), (80, 0.5)])
def test_paired_intervals_cover(count: int, rho: float) -> None:
    rng = np.random.default_rng(count)
    anatomy = 3 * rng.standard_normal(count)
    noise = correlated(rng, (STUDIES, count), rho)
    inside = [contains(paired(anatomy, anatomy + TRUE + each), TRUE) for each in noise]
    assert 0.91 <= np.mean(inside) <= 0.995


@pytest.mark.parametrize(("count", "rho"), [(10, 0.0), (24, 0.3), (60, 0.5)])
def test_intervals_of_two_scans_cover(count: int, rho: float) -> None:
    """Region and size change the values much more than the scans do."""
    rng = np.random.default_rng(count)
    design = np.stack([np.ones(count), np.linspace(-0.2, 0.2, count), np.arange(count) % 2 == 1]).T
    order = rng.permutation(count)
    explained = design.astype(np.float64) @ [1.0, 8.0, 3.0]
    inside = []
    for one, two in zip(*(correlated(rng, (STUDIES, count), rho) for _ in "ab"), strict=True):
        there = np.empty(count)
        there[order] = two
        found = unpaired(explained + one, explained + TRUE + there, design, design, order.tolist())
        inside.append(contains(found, TRUE))
    assert 0.91 <= np.mean(inside) <= 0.995


def test_what_is_correlated_has_a_larger_error() -> None:
    rng = np.random.default_rng(0)
    alone, alike = (
        np.mean([mean_error(each).variance for each in correlated(rng, (200, 64), rho)])
        for rho in (0.0, 0.8)
    )
    assert alone == pytest.approx(1 / 64, rel=0.2)
    assert alike > 4 * alone


def test_intervals_narrow_with_more_slices() -> None:
    rng = np.random.default_rng(0)

    def width(count: int) -> float:
        found = paired(np.zeros(count), rng.standard_normal(count))
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert np.mean([width(100) for _ in range(20)]) < 0.5 * np.mean([width(12) for _ in range(20)])


def test_few_slices_have_no_interval() -> None:
    assert paired(np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0])) == Estimate(2.5)
    many_regions = np.eye(6)
    assert unpaired(np.zeros(6), np.ones(6), many_regions, many_regions, range(6)) == Estimate(1.0)


def test_equal_differences_are_certain() -> None:
    found = paired(np.arange(6.0), np.arange(6.0) - 2)
    assert found == Estimate(-2.0, -2.0, -2.0)
