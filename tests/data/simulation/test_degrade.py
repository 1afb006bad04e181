from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ctiqa.data.simulation.degrade import (
    Degradation,
    acquire,
    added_noise_hu,
    apply,
    finish,
)
from ctiqa.data.simulation.draw import WORST_NOISE_HU, draw
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.hu import AIR_HU
from ctiqa.metrics.no_reference.noise import local_deviation
from ctiqa.recipe.data import VIEW_COUNTS
from ctiqa.types import HuImage

EVERYTHING = Degradation(
    dose=0.3,
    views=240,
    electronic=0.3,
    kernel_half_per_mm=0.6,
    kernel_boost=0.5,
    blur_mm=0.7,
    denoise=0.5,
    body_only=True,
    seed=5,
)


def rms(image: HuImage, scene: Scene) -> float:
    return float(np.sqrt(np.mean(np.square(image[scene.mask], dtype=np.float64))))


def test_the_default_changes_nothing(scene: Scene) -> None:
    np.testing.assert_array_equal(apply(scene, Degradation()), scene.hu)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("dose", [0.75, 0.5, 0.25])
def test_dose_adds_the_noise_that_physics_asks_for(scene: Scene, dose: float, seed: int) -> None:
    added = apply(scene, Degradation(dose=dose, seed=seed)) - scene.hu
    wanted = scene.own_noise_hu * np.sqrt(1 / dose - 1)
    assert rms(added, scene) == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("dose", [1.0, 0.5])
@pytest.mark.parametrize("views", VIEW_COUNTS[1:4])
def test_fewer_views_keep_the_photons_of_each(scene: Scene, views: int, dose: float) -> None:
    added = apply(scene, Degradation(dose=dose, views=views, seed=1)) - scene.hu
    total = FULL_VIEWS / views / dose
    wanted = scene.own_noise_hu * np.sqrt(total - 1)
    assert rms(added - scene.streaks[views], scene) == pytest.approx(wanted, rel=0.05)


@given(
    own=st.floats(1, 60),
    dose=st.floats(0.02, 1),
    views=st.sampled_from(VIEW_COUNTS),
)
def test_added_noise_completes_the_variance(own: float, dose: float, views: int) -> None:
    growth = FULL_VIEWS / views
    added = added_noise_hu(own, dose, views) ** 2 * growth
    assert own**2 + added == pytest.approx(own**2 * growth / dose)


@pytest.mark.parametrize("electronic", [0.25, 0.5])
def test_electronic_noise_is_a_share_of_the_variance(scene: Scene, electronic: float) -> None:
    added = apply(scene, Degradation(dose=0.25, electronic=electronic, seed=1)) - scene.hu
    assert rms(added, scene) == pytest.approx(scene.own_noise_hu * np.sqrt(3), rel=0.08)
    share = float(np.mean((added * scene.unit_electronic())[scene.mask])) / rms(added, scene)
    assert share == pytest.approx(np.sqrt(electronic), abs=0.1)


def test_the_seed_is_the_noise(scene: Scene) -> None:
    half = Degradation(dose=0.5, seed=1)
    np.testing.assert_array_equal(apply(scene, half), apply(scene, half))
    assert not np.array_equal(apply(scene, half), apply(scene, replace(half, seed=2)))


@pytest.mark.parametrize(
    "degradation", [Degradation(), EVERYTHING, replace(EVERYTHING, kernel_half_per_mm=None)]
)
def test_a_record_makes_the_same_image_again(scene: Scene, degradation: Degradation) -> None:
    record = json.loads(json.dumps(degradation.as_dict()))
    assert Degradation(**record) == degradation
    np.testing.assert_array_equal(apply(scene, Degradation(**record)), apply(scene, degradation))


def test_body_only_leaves_the_patient_untouched(scene: Scene) -> None:
    whole = apply(scene, Degradation(dose=0.5, seed=1))
    alone = apply(scene, Degradation(dose=0.5, seed=1, body_only=True))
    np.testing.assert_array_equal(alone[scene.mask], whole[scene.mask])
    around = ~ndimage.binary_dilation(scene.mask, iterations=3)
    assert set(alone[around].tolist()) == {AIR_HU}
    assert np.ptp(whole[around]) > 0


def test_pixels_stay_on_the_scale_of_ct(scene: Scene) -> None:
    worst = apply(scene, Degradation(dose=0.002, views=60, seed=1))
    assert worst.min() >= -1024
    assert worst.max() <= 3071
    assert worst.dtype == np.float32


@pytest.mark.parametrize(
    ("degradation", "sharper"),
    [
        (Degradation(kernel_half_per_mm=0.6, kernel_boost=1.0), True),
        (Degradation(kernel_half_per_mm=0.2), False),
        (Degradation(blur_mm=1.0), False),
        (Degradation(denoise=1.0), False),
    ],
)
def test_kernels_blur_and_denoising_move_the_noise(
    scene: Scene, degradation: Degradation, sharper: bool
) -> None:
    before, after = (
        float(np.median(local_deviation(image)[scene.mask]))
        for image in (scene.hu, apply(scene, degradation))
    )
    assert (after > 1.2 * before) if sharper else (after < 0.85 * before)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_denoising_is_a_mix(scene: Scene, strength: float) -> None:
    full = apply(scene, Degradation(denoise=1.0))
    np.testing.assert_allclose(
        apply(scene, Degradation(denoise=strength)),
        (1 - strength) * scene.hu + strength * full,
        atol=1e-2,
    )


def test_what_smooths_is_done_to_the_acquired_image(scene: Scene) -> None:
    sharper = Degradation(dose=0.5, kernel_half_per_mm=0.6, kernel_boost=1.0, seed=1)
    acquired = acquire(scene, sharper)
    np.testing.assert_array_equal(acquired.clip(-1024, 3071), apply(scene, sharper))
    filtered = replace(sharper, filter="median", filter_strength=5.0, filter_share=0.5)
    np.testing.assert_array_equal(acquire(scene, filtered), acquired)
    half = (ndimage.median_filter(acquired, 5) + acquired) / 2
    finished = finish(acquired, scene, filtered)
    np.testing.assert_allclose(finished, half.clip(-1024, 3071), atol=1e-2)


@pytest.mark.parametrize(
    ("degradation", "smooths", "sharpens"),
    [
        (Degradation(dose=0.2, views=120, artefact="ring", strength=1.0), False, False),
        (Degradation(kernel_half_per_mm=0.6, kernel_boost=1.0), False, True),
        (Degradation(kernel_half_per_mm=0.2), True, False),
        (Degradation(filter="JPEG", filter_strength=50.0), True, False),
        (Degradation(blur_mm=0.5), True, False),
    ],
)
def test_smoothing_is_told_from_sharpening(
    scene: Scene, degradation: Degradation, smooths: bool, sharpens: bool
) -> None:
    assert degradation.smooths(scene) == smooths
    assert degradation.sharpens(scene) == sharpens


@settings(max_examples=100)
@given(seed=st.integers(0, 2**31))
def test_drawn_degradations_are_possible(scene: Scene, seed: int) -> None:
    drawn = draw(scene, np.random.default_rng(seed))
    assert 0 < drawn.dose <= 1
    assert drawn.views in VIEW_COUNTS
    assert 0 <= drawn.electronic < 1
    noise = added_noise_hu(scene.own_noise_hu, drawn.dose, drawn.views)
    growth = FULL_VIEWS / drawn.views
    total = scene.own_noise_hu**2 + growth * noise**2 + scene.streak_rms[drawn.views] ** 2
    assert total <= (1.16 * WORST_NOISE_HU) ** 2


def test_drawn_kinds_are_as_common_as_promised(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    drawn = [draw(scene, rng) for _ in range(2000)]
    share = {
        "all views": np.mean([d.views == FULL_VIEWS for d in drawn]),
        "kernel": np.mean([d.kernel_half_per_mm is not None for d in drawn]),
        "blur": np.mean([d.blur_mm > 0 for d in drawn]),
        "denoise": np.mean([d.denoise > 0 for d in drawn]),
        "body": np.mean([d.body_only for d in drawn]),
    }
    assert share == pytest.approx(
        {"all views": 0.5, "kernel": 0.2, "blur": 0.1, "denoise": 0.12, "body": 0.2}, abs=0.03
    )
    assert set(Counter(d.views for d in drawn)) >= {960, 480, 240, 160, 120, 96}


def test_noisy_slices_are_not_softened(scene: Scene) -> None:
    """Softening would improve them, but the label counts every change as a loss."""
    noisy = replace(scene)
    noisy.__dict__["own_noise_hu"] = 30.0
    rng = np.random.default_rng(0)
    for _ in range(300):
        drawn = draw(noisy, rng)
        assert drawn.blur_mm == 0
        assert drawn.kernel_half_per_mm is None or drawn.kernel_half_per_mm >= 0.45
