from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from tests.data.collection import patient_slice

from ctiqa.evaluate.predictors.predictor import Images
from ctiqa.evaluate.robustness import perturbations as changes
from ctiqa.evaluate.robustness.perturbations import PERTURBATIONS, Perturbation
from ctiqa.hu import body_mask

NAMES = [each.name for each in PERTURBATIONS]


@pytest.fixture(scope="module")
def slices() -> Images:
    return np.stack([patient_slice(seed) for seed in range(2)])


def of(name: str) -> Perturbation:
    return PERTURBATIONS[NAMES.index(name)]


@pytest.mark.parametrize("each", PERTURBATIONS, ids=NAMES)
def test_a_change_makes_new_slices_in_hu(each: Perturbation, slices: Images) -> None:
    before = slices.copy()
    after = each.change(slices)
    assert (slices == before).all()
    assert after.dtype == np.float32
    assert after.ndim == 3
    assert len(after) == 2
    assert np.isfinite(after).all()
    assert after.shape != slices.shape or not np.array_equal(after, slices)


@pytest.mark.parametrize(
    ("name", "times"), [("flip left-right", 2), ("flip up-down", 2), ("half turn", 2)]
)
def test_mirrors_and_turns_come_back(name: str, times: int, slices: Images) -> None:
    after = slices
    for _ in range(times):
        after = of(name).change(after)
    assert np.array_equal(after, slices)


def test_a_quarter_turn_turns_rows_into_columns() -> None:
    hu = np.zeros((1, 2, 3), np.float32)
    hu[0, 0, 2] = 1
    turned = of("quarter turn").change(hu)
    assert turned.shape == (1, 3, 2)
    assert np.argwhere(turned).tolist() == [[0, 0, 0]]


def test_each_slice_is_changed_on_its_own(slices: Images) -> None:
    for each in PERTURBATIONS:
        together, alone = each.change(slices), each.change(slices[1:])
        assert np.array_equal(together[1:], alone), each.name


@pytest.mark.parametrize("factor", [1.01, 0.99])
def test_zoom_is_about_the_centre_and_by_the_factor(factor: float) -> None:
    y, x = np.mgrid[:200, :200] - 99.5
    bump = np.exp(-(y**2 + x**2) / (2 * 20**2))
    after = changes.zoom((1000 * bump - 1000)[None].astype(np.float32), factor)[0] + 1000
    assert ndimage.center_of_mass(after) == pytest.approx((99.5, 99.5), abs=0.01)
    spread = np.sqrt((after * y**2).sum() / after.sum())
    assert spread == pytest.approx(20 * factor, rel=1e-3)


def test_zoom_keeps_the_noise() -> None:
    noise = np.random.default_rng(0).normal(40, 20, (1, 256, 256)).astype(np.float32)
    after = changes.zoom(noise, 1.01)
    assert after[:, 8:-8, 8:-8].std() == pytest.approx(20, rel=0.2)


def test_the_table_goes_and_the_patient_stays() -> None:
    hu = patient_slice(0)
    hu[120:124] = 200
    bare = changes.without_table(hu[None])[0]
    inside = body_mask(hu)
    assert (bare[inside] == hu[inside]).all()
    assert (bare[120:124] == -1000).all()


@pytest.mark.parametrize(("factor", "side"), [(0.75, 96), (1.5, 192)])
def test_the_matrix_changes_and_the_anatomy_does_not(factor: float, side: int) -> None:
    y, x = np.mgrid[:128, :128] / 127 * 2 - 1
    smooth = (100 * np.exp(-4 * (x**2 + y**2)))[None].astype(np.float32)
    after = changes.resample(smooth, factor)
    assert after.shape == (1, side, side)
    back = changes.resample(after, 1 / factor)
    assert np.abs(back - smooth)[:, 4:-4, 4:-4].max() < 1


def test_cropping_undoes_padding(slices: Images) -> None:
    padded = changes.pad(slices, 1.25)
    assert padded.shape == (2, 160, 160)
    assert (padded[:, :16] == -1000).all()
    assert np.array_equal(changes.crop(padded, 0.8), slices)


@pytest.mark.parametrize("name", ["blur, σ 1 px", "denoising, full"])
def test_smoothing_lowers_the_noise(name: str, slices: Images) -> None:
    after = of(name).change(slices)
    tissue = np.s_[:, 56:72, 58:70]
    assert after[tissue].std() < 0.7 * slices[tissue].std()
    assert after[tissue].mean() == pytest.approx(slices[tissue].mean(), abs=4)


def test_blur_is_in_the_plane_alone() -> None:
    hu = np.zeros((3, 9, 9), np.float32)
    hu[1, 4, 4] = 100
    after = changes.blur(hu, 1.0)
    assert (after[[0, 2]] == 0).all()
    assert after[1].sum() == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize(("down", "right"), [*changes.SHIFTS, (0, 0), (-3, -2)])
def test_shifts_move_down_and_right(down: int, right: int) -> None:
    hu = np.full((2, 40, 50), -1000, np.float32)
    hu[:, 20, 25] = 40
    moved = changes.shift(down, right)(hu)
    assert np.argwhere(moved > 0).tolist() == [[k, 20 + down, 25 + right] for k in range(2)]


def test_shifts_bring_in_air() -> None:
    hu = np.full((1, 4, 4), 40, np.float32)
    moved = changes.shift(1, -2)(hu)[0]
    assert (moved[1:, :2] == 40).all()
    assert (moved[0] == -1000).all()
    assert (moved[:, 2:] == -1000).all()
