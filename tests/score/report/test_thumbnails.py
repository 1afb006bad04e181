from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from tests.score.made import phantom, scan_score

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import WINDOWS
from ctiqa.score.report.thumbnails import (
    MAX_SIDE,
    body_box,
    data_uri,
    encode_png,
    make_thumbnails,
    pick_slices,
    shows_lung,
    thumbnail,
)
from ctiqa.types import Slice, SliceHeader


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 48)])
def test_png_holds_the_same_pixels(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(grey)))), grey)


def test_data_uri_holds_the_png() -> None:
    grey = np.zeros((2, 2), dtype=np.uint8)
    kind, content = data_uri(grey).split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == encode_png(grey)


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


def test_picture_is_cropped_to_the_body() -> None:
    rows, cols = body_box(phantom())
    assert 10 < rows.start < 26
    assert 230 < cols.stop < 246
    assert thumbnail(phantom(), WINDOWS["soft"]).shape == phantom()[rows, cols].shape
    assert thumbnail(phantom(), WINDOWS["soft"]).max() == 128


def test_air_is_not_cropped() -> None:
    assert thumbnail(np.full((256, 256), -1000, np.float32), WINDOWS["soft"]).shape == (256, 256)


def test_large_matrix_is_averaged_down() -> None:
    assert max(thumbnail(phantom(side=1024), WINDOWS["soft"]).shape) <= MAX_SIDE


def test_lung_window_is_shown_for_chests_alone() -> None:
    assert shows_lung(phantom(lung=True))
    assert not shows_lung(phantom())
    assert not shows_lung(np.full((256, 256), -1000, np.float32))
    (chest,) = make_thumbnails(scan_score([2.0]), lambda h: Slice(phantom(lung=True), h))
    assert list(chest.pictures) == ["soft", "lung"]


def test_slice_that_is_gone_has_no_picture() -> None:
    def read(header: SliceHeader) -> Slice:
        raise RefusedError(Reason.CORRUPT, "gone")

    (thumbnail,) = make_thumbnails(scan_score([2.0]), read)
    assert thumbnail.pictures == {}
