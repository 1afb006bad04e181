from __future__ import annotations

import numpy as np
import pytest

from ctiqa.data.simulation import labels
from ctiqa.data.simulation.degrade import Degradation, apply
from ctiqa.data.simulation.labels import Ladder, clip_score, losses, make_ladder
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.data.sources.simulate import DOSE_LADDER, SHARPER
from ctiqa.noise_scale import score_of_noise


@pytest.fixture(scope="module")
def ladder(scene: Scene) -> Ladder:
    return make_ladder(scene, np.random.default_rng(1))


def raw(scene: Scene, ladder: Ladder, degradation: Degradation) -> float:
    found = losses(apply(scene, degradation), scene.hu, scene.mask)
    return score_of_noise(ladder.total_noise(found))


@pytest.mark.parametrize(("noise_hu", "score"), [(16.0, 4.0), (105.0, 0.0), (40.988, 2.0)])
def test_anchors_of_the_scale(noise_hu: float, score: float) -> None:
    assert score_of_noise(noise_hu) == pytest.approx(score, abs=1e-4)


def test_a_score_of_no_noise_is_finite() -> None:
    assert score_of_noise(0.0) == score_of_noise(0.5) < 12


@pytest.mark.parametrize(("value", "clipped"), [(-3.0, 0.0), (0.0, 0.0), (2.5, 2.5), (4.7, 4.0)])
def test_scores_are_clipped_to_the_scale(value: float, clipped: float) -> None:
    assert clip_score(value) == clipped


def test_weights_are_shares() -> None:
    assert sum(labels.LOSS_WEIGHTS) == 1


@pytest.mark.parametrize("level", [8.0, 15.0, 27.0, 46.0, 80.0])
@pytest.mark.parametrize("measure", range(5))
def test_plain_noise_is_read_back(scene: Scene, ladder: Ladder, level: float, measure: int) -> None:
    noise = scene.unit_noise(FULL_VIEWS, np.random.default_rng(9))
    found = losses(scene.hu + np.float32(level) * noise, scene.hu, scene.mask)
    assert ladder.equivalent_noise(found)[measure] == pytest.approx(level, rel=0.1)


def test_noise_beyond_the_ladder_is_its_top(ladder: Ladder) -> None:
    top = ladder.equivalent_noise(ladder.table[-1] * 10)
    assert top == pytest.approx(np.full(5, labels.LADDER_HU[-1]))


def test_the_measures_grow_with_noise(ladder: Ladder) -> None:
    assert (np.diff(ladder.table, axis=0) > 0).all()


def test_the_reference_has_exactly_its_own_noise(scene: Scene, ladder: Ladder) -> None:
    found = losses(scene.hu, scene.hu, scene.mask)
    assert found == pytest.approx(np.zeros(5), abs=1e-4)
    assert ladder.total_noise(found) == pytest.approx(scene.own_noise_hu, rel=1e-4)


def test_own_noise_adds_in_squares(ladder: Ladder) -> None:
    rung = labels.LADDER_HU.index(32.0)
    wanted = np.hypot(32.0, ladder.own_noise_hu)
    assert ladder.total_noise(ladder.table[rung]) == pytest.approx(wanted)


def test_the_score_falls_with_the_dose(scene: Scene, ladder: Ladder) -> None:
    scores = [raw(scene, ladder, Degradation(dose=d, seed=1)) for d in DOSE_LADDER]
    assert (np.diff(scores) < -0.05).all()
    assert scores[0] > 4
    assert scores[-1] < 1


def test_the_score_falls_with_the_views(scene: Scene, ladder: Ladder) -> None:
    scores = [
        raw(scene, ladder, Degradation(views=v, seed=1)) for v in (960, 480, 240, 160, 120, 96, 60)
    ]
    assert (np.diff(scores) < -0.05).all()


@pytest.mark.parametrize(
    "worse",
    [
        Degradation(blur_mm=0.8),
        Degradation(denoise=1.0),
        Degradation(kernel_half_per_mm=0.25),
        SHARPER,
    ],
)
def test_every_change_costs(scene: Scene, ladder: Ladder, worse: Degradation) -> None:
    assert raw(scene, ladder, worse) < raw(scene, ladder, Degradation()) - 0.05


@pytest.mark.parametrize(("mild", "strong"), [(0.4, 0.8), (0.8, 1.6)])
def test_more_blur_costs_more(scene: Scene, ladder: Ladder, mild: float, strong: float) -> None:
    less, more = (raw(scene, ladder, Degradation(blur_mm=mm)) for mm in (mild, strong))
    assert more < less


def test_what_lies_around_the_patient_does_not_matter(scene: Scene, ladder: Ladder) -> None:
    whole, alone = (
        raw(scene, ladder, Degradation(dose=0.3, seed=1, body_only=b)) for b in (False, True)
    )
    assert alone == pytest.approx(whole, abs=0.1)


def test_patch_errors_by_hand() -> None:
    clean = np.zeros((40, 64), np.float32)
    image = clean.copy()
    image[:32, :32] = 3
    image[:32, 32:64:2] = 4
    mask = np.ones(clean.shape, bool)
    errors = labels.token_errors(image, clean, mask)
    assert errors.shape == (2, 2)
    np.testing.assert_allclose(errors, [[3, np.sqrt(8)], [0, 0]], atol=1e-6)


def test_patches_with_hardly_any_patient_are_unknown() -> None:
    clean = np.zeros((32, 64), np.float32)
    mask = np.zeros(clean.shape, bool)
    mask[:7, :32] = mask[:8, 32:] = True
    errors = labels.token_errors(clean + 1, clean, mask)
    np.testing.assert_array_equal(errors, [[np.nan, 1]])


def test_pooling_looks_at_the_worst_part() -> None:
    clean = np.zeros((32, 64), np.float32)
    image = clean.copy()
    image[:, :32] = 10
    mask = np.ones(clean.shape, bool)
    assert labels.pooled_error(image, clean, mask) == pytest.approx((1e4 / 2) ** 0.25)
    assert labels.pooled_error(image, clean, mask, power=2) == pytest.approx(50**0.5)


def test_a_patient_too_small_for_patches_still_has_an_error() -> None:
    clean = np.zeros((64, 64), np.float32)
    mask = np.zeros(clean.shape, bool)
    mask[30:34, 30:34] = True
    assert labels.pooled_error(clean + 7, clean, mask) == pytest.approx(7)
