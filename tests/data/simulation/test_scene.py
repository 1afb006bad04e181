from __future__ import annotations

import math

import numpy as np
import pytest
from tests.data.collection import patient_slice

from ctiqa.data.simulation.scene import FULL_VIEWS, Scene, make_scene
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.recipe.data import VIEW_COUNTS
from ctiqa.types import HuImage


def rms(image: HuImage, scene: Scene) -> float:
    return float(np.sqrt(np.mean(np.square(image[scene.mask], dtype=np.float64))))


@pytest.mark.parametrize("views", VIEW_COUNTS)
def test_every_view_count_divides_the_full_scan(views: int) -> None:
    assert FULL_VIEWS % views == 0


@pytest.mark.parametrize("seed", range(4))
def test_unit_noise_has_an_rms_of_one(scene: Scene, seed: int) -> None:
    assert rms(scene.unit_noise(FULL_VIEWS, np.random.default_rng(seed)), scene) == pytest.approx(
        1, rel=0.03
    )


def test_unit_electronic_noise_has_an_rms_of_one(scene: Scene) -> None:
    assert rms(scene.unit_electronic(), scene) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("views", VIEW_COUNTS)
def test_variance_grows_as_views_are_left_out(scene: Scene, views: int) -> None:
    noise = scene.unit_noise(views, np.random.default_rng(0))
    assert rms(noise, scene) ** 2 == pytest.approx(FULL_VIEWS / views, rel=0.05)


def test_draws_are_independent(scene: Scene) -> None:
    inside = scene.quantum[FULL_VIEWS][:, scene.mask]
    correlation = np.corrcoef(inside) - np.eye(len(inside))
    assert np.abs(correlation).max() < 0.05


def test_mixtures_of_draws_are_new_draws(scene: Scene) -> None:
    mixed = [scene.unit_noise(480, np.random.default_rng(k))[scene.mask] for k in range(2)]
    assert abs(float(np.corrcoef(mixed[0], mixed[1])[0, 1])) < 0.95
    assert not np.array_equal(mixed[0], mixed[1])


def test_noise_has_no_offset(scene: Scene) -> None:
    assert abs(float(scene.quantum[FULL_VIEWS][:, scene.mask].mean())) < 0.05 * float(
        scene.quantum[FULL_VIEWS][:, scene.mask].std()
    )


def test_the_full_scan_has_no_streaks(scene: Scene) -> None:
    assert not scene.streaks[FULL_VIEWS].any()
    assert scene.streak_rms[FULL_VIEWS] == 0


def test_streaks_grow_as_views_are_left_out(scene: Scene) -> None:
    grown = [scene.streak_rms[v] for v in VIEW_COUNTS]
    assert grown == sorted(grown)
    assert grown[-1] > 10


def test_own_noise_is_read_from_the_slice(scene: Scene) -> None:
    assert scene.own_noise_hu == pytest.approx(12, rel=0.15)


def test_one_seed_one_scene() -> None:
    hu = patient_slice(3, 64)
    a, b = (make_scene(hu, (4.8, 4.8), STANDARD_KERNEL, np.random.default_rng(1)) for _ in range(2))
    for views in VIEW_COUNTS:
        np.testing.assert_array_equal(a.quantum[views], b.quantum[views])
        np.testing.assert_array_equal(a.streaks[views], b.streaks[views])
    np.testing.assert_array_equal(a.electronic, b.electronic)


def test_noise_is_as_strong_as_rays_are_starved() -> None:
    """A thicker patient lets fewer photons through: the root of the mean of e^p."""
    thin, thick = (
        make_scene(
            np.where(patient_slice(3, 64, noise_hu=0) > -300, 0, -1000).astype("f4"),
            (mm, mm),
            STANDARD_KERNEL,
            np.random.default_rng(1),
        )
        for mm in (2.4, 4.8)
    )
    per_ray = [rms(s.quantum[FULL_VIEWS][0], s) for s in (thin, thick)]
    assert math.log(per_ray[1] / per_ray[0]) > 0.5
