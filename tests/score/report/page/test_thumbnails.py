from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.score.made import phantom, scan_score

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import WINDOWS, body_mask
from ctiqa.score.report.page.thumbnails import (
    MAP_SIDE,
    MAX_SIDE,
    make_thumbnails,
    map_thumbnail,
    pick_slices,
    thumbnail,
)
from ctiqa.score.view import body_box
from ctiqa.types import ScanScore, Slice, SliceHeader


@pytest.mark.parametrize(
    ("scores", "picked"),
    [
        ([], {}),
        ([None, None], {}),
        ([None, 2.0], {"Slice": 2.0}),
        ([3.0, 1.0], {"Best": 3.0, "Worst": 1.0}),
        ([4.0, None, 1.0, 2.5, 2.0], {"Best": 4.0, "Median": 2.0, "Worst": 1.0}),
    ],
)
def test_best_median_and_worst_are_picked(
    scores: list[float | None], picked: dict[str, float]
) -> None:
    assert {role: each.score for role, each in pick_slices(scan_score(scores))} == picked


def test_among_equal_scores_the_quietest_is_the_best() -> None:
    scan = scan_score([4.0, 4.0, 4.0])
    noises = (9.0, 6.0, 14.0)
    slices = [
        replace(each, equivalent_noise_hu=noise)
        for each, noise in zip(scan.slices, noises, strict=True)
    ]
    picked = pick_slices(replace(scan, slices=tuple(slices)))
    assert [each.equivalent_noise_hu for _, each in picked] == [6.0, 9.0, 14.0]


def test_picture_is_cropped_to_the_body() -> None:
    box = body_box(body_mask(phantom()))
    assert thumbnail(phantom(), WINDOWS["soft"]).shape == phantom()[box].shape
    assert thumbnail(phantom(), WINDOWS["soft"]).max() == 128


def test_air_is_not_cropped() -> None:
    assert thumbnail(np.full((256, 256), -1000, np.float32), WINDOWS["soft"]).shape == (256, 256)


def test_large_matrix_is_averaged_down() -> None:
    assert max(thumbnail(phantom(side=1024), WINDOWS["soft"]).shape) <= MAX_SIDE


@pytest.mark.parametrize(("lung", "windows"), [(True, ["soft", "lung"]), (False, ["soft"])])
def test_lung_window_is_shown_for_chests_alone(lung: bool, windows: list[str]) -> None:
    (shown,) = make_thumbnails(scan_score([2.0]), lambda h: Slice(phantom(lung=lung), h))
    assert list(shown.pictures) == windows
    assert shown.noise_map is None


def mapped(scan: ScanScore, noise_hu: float) -> ScanScore:
    """A scan with the same local noise everywhere."""
    noise = np.full((8, 8), noise_hu, dtype=np.float32)
    slices = tuple(replace(each, noise_map_hu=noise) for each in scan.slices)
    return replace(scan, slices=slices)


def test_local_noise_is_shown_where_the_model_estimates_it() -> None:
    noisy, quiet = (
        make_thumbnails(mapped(scan_score([2.0]), noise_hu), lambda h: Slice(phantom(), h))
        for noise_hu in (64.0, 4.0)
    )
    assert noisy[0].noise_map is not None
    assert noisy[0].noise_map != quiet[0].noise_map
    assert noisy[0].pictures == quiet[0].pictures


def test_a_map_is_small_and_in_colour() -> None:
    hu = phantom(side=1024)
    picture = map_thumbnail(hu, np.full((32, 32), 40, np.float32), body_mask(hu))
    rows, cols, channels = picture.shape
    assert MAP_SIDE / 2 < max(rows, cols) <= MAP_SIDE
    assert channels == 3
    inside = picture[rows // 2, cols // 2].astype(int)
    assert np.ptp(inside) > 40


def test_slice_that_is_gone_has_no_picture() -> None:
    def read(header: SliceHeader) -> Slice:
        raise RefusedError(Reason.CORRUPT, "gone")

    (gone,) = make_thumbnails(mapped(scan_score([2.0]), 9.0), read)
    assert (gone.pictures, gone.noise_map) == ({}, None)
