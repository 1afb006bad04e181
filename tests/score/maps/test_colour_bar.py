"""The colour bar: the whole scale, with labels where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from ctiqa.score.maps.colour_bar import TITLE, UNIT, WIDTH, letters, with_colour_bar
from ctiqa.score.maps.colours import TICKS_HU, colours_of, scale


@pytest.mark.parametrize("rows", [256, 512])
def test_every_label_is_beside_its_colour(rows: int) -> None:
    picture = with_colour_bar(np.zeros((rows, 100, 3), dtype=np.uint8))
    assert picture.shape == (rows, 100 + WIDTH, 3)
    strip = picture[:, 100:]
    bar = strip[:, 18].astype(int)
    for tick in TICKS_HU:
        wanted = colours_of(np.array([tick], dtype=np.float32))[0].astype(int)
        row = int(np.abs(bar - wanted).sum(axis=1).argmin())
        text = letters(str(tick))
        top = row - text.shape[0] // 2
        around = strip[top - 3 : top + text.shape[0] + 3, 34 : 34 + text.shape[1], 0] > 200
        shifts = [around[k : k + len(text)] for k in range(7)]
        assert any((each == text).all() for each in shifts), tick


def test_the_bar_holds_the_whole_scale() -> None:
    strip = with_colour_bar(np.zeros((512, 1, 3), dtype=np.uint8))[:, 1:]
    bar = strip[:, 18]
    lit = np.flatnonzero(bar.any(axis=1))
    assert (bar[lit[0]] == scale()[-1]).all()
    assert (bar[lit[-1]] == scale()[0]).all()


def test_the_slice_is_left_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    np.testing.assert_array_equal(with_colour_bar(picture)[:, :256], picture)


def test_letters_differ() -> None:
    used = sorted({*TITLE, *UNIT, *"".join(map(str, TICKS_HU))})
    shapes = {letters(letter).tobytes() for letter in used}
    assert len(shapes) == len(used)
