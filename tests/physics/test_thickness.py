"""Thick slices made from thin ones."""

from __future__ import annotations

import numpy as np
import pytest
from tests.physics.phantoms import Image

from ctiqa.errors import UsageError
from ctiqa.physics import average_slices


def _volume(slices: int = 9) -> Image:
    rng = np.random.default_rng(0)
    return np.asarray(rng.normal(40, 20, (slices, 64, 64)), dtype=np.float32)


@pytest.mark.parametrize(("centre", "count"), [(0, 1), (8, 1), (4, 9), (1, 3), (6, 5)])
def test_is_the_mean_of_the_neighbours(centre: int, count: int) -> None:
    volume = _volume()
    near = [volume[k].astype(np.float64) for k in range(9) if abs(k - centre) <= count // 2]
    assert len(near) == count
    found = average_slices(volume, centre, count)
    assert found.dtype == np.float32
    assert found == pytest.approx(sum(near) / count, abs=1e-4)


@pytest.mark.parametrize("count", [3, 5, 9])
def test_thicker_slices_are_quieter(count: int) -> None:
    """A slice n times as thick collects n times the photons: noise falls by √n."""
    thick = average_slices(_volume(), 4, count)
    assert float(thick.std()) == pytest.approx(20 / np.sqrt(count), rel=0.05)


def test_anatomy_that_changes_evenly_stays_in_the_middle() -> None:
    ramp = np.arange(7, dtype=np.float32)[:, None, None] * np.ones((1, 4, 4), np.float32)
    assert average_slices(ramp, 3, 5) == pytest.approx(ramp[3])


def test_volume_is_left_alone() -> None:
    volume = _volume()
    before = volume.copy()
    average_slices(volume, 4, 1)[:] = 0
    assert np.array_equal(volume, before)


@pytest.mark.parametrize("count", [0, -1, 2, 4])
def test_count_must_be_odd(count: int) -> None:
    with pytest.raises(UsageError, match=f"'count' must be odd and >= 1, got {count}"):
        average_slices(_volume(), 4, count)


@pytest.mark.parametrize(("centre", "count"), [(0, 3), (8, 3), (-1, 1), (9, 1), (4, 11)])
def test_neighbours_must_be_there(centre: int, count: int) -> None:
    with pytest.raises(UsageError, match=f"'centre' must leave {count // 2} neighbours.*9 slices"):
        average_slices(_volume(), centre, count)
