from __future__ import annotations

import base64
import zlib
from dataclasses import replace

import numpy as np
import pytest
from tests.score.made import phantom, scan_score

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import WINDOWS, body_mask
from ctiqa.score.maps.colours import colours_of
from ctiqa.score.report.page.thumbnails import (
    FULL,
    SMALL,
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
    assert max(thumbnail(phantom(side=1024), WINDOWS["soft"]).shape) <= FULL.side


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


def test_a_map_has_the_colours_of_its_noise_inside_the_body_and_none_outside() -> None:
    hu = phantom(side=1024)
    noise = np.full((32, 32), 40, np.float32)
    picture = map_thumbnail(noise, body_mask(hu))
    rows, cols, channels = picture.shape
    assert FULL.map_side / 2 < max(rows, cols) <= FULL.map_side
    assert channels == 3
    assert (picture[0] == 0).all()
    assert picture[rows // 2, cols // 2].tolist() == colours_of(noise[0, 0]).tolist()


def test_a_map_covers_the_same_part_of_the_slice_as_its_picture() -> None:
    hu = phantom()
    map_shape = map_thumbnail(np.full((8, 8), 40, np.float32), body_mask(hu)).shape
    shape = thumbnail(hu, WINDOWS["soft"]).shape
    assert map_shape[0] / map_shape[1] == pytest.approx(shape[0] / shape[1], abs=0.02)


def grey_levels(uri: str) -> int:
    """Number of grey levels in a picture whose rows are stored as differences to the row above."""
    content = base64.b64decode(uri.partition(",")[2])
    start = content.index(b"IDAT") + 4
    length = int.from_bytes(content[start - 8 : start - 4], "big")
    cols = int.from_bytes(content[16:20], "big")
    lines = np.frombuffer(zlib.decompress(content[start : start + length]), np.uint8)
    differences = lines.reshape(-1, cols + 1)[:, 1:]
    return len(np.unique(np.cumsum(differences, axis=0, dtype=np.uint8)))


def test_small_pictures_are_of_the_worst_and_the_median_slice_and_have_few_grey_levels() -> None:
    ramp = phantom() + np.linspace(-150, 150, 256, dtype=np.float32)
    small, full = (
        make_thumbnails(mapped(scan_score([4.0, 1.0, 2.0]), 9.0), lambda h: Slice(ramp, h), style)
        for style in (SMALL, FULL)
    )
    assert [each.role for each in small] == ["Worst", "Median"]
    assert [each.role for each in full] == ["Best", "Median", "Worst"]
    assert grey_levels(full[0].pictures["soft"]) > SMALL.grey_levels
    assert 4 < grey_levels(small[0].pictures["soft"]) <= SMALL.grey_levels
    assert all(list(each.pictures) == ["soft"] for each in small)
    assert all(each.noise_map for each in small)


def test_slice_that_is_gone_has_no_picture() -> None:
    def read(header: SliceHeader) -> Slice:
        raise RefusedError(Reason.CORRUPT, "gone")

    (gone,) = make_thumbnails(mapped(scan_score([2.0]), 9.0), read)
    assert (gone.pictures, gone.noise_map) == ({}, None)
