from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ctiqa.score.png import FAST, SMALL, data_uri, encode_png


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 48), (1, 1, 3), (64, 48, 3)])
@pytest.mark.parametrize("level", [FAST, SMALL])
def test_png_holds_the_same_pixels(shape: tuple[int, ...], level: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    image = Image.open(io.BytesIO(encode_png(pixels, level)))
    assert image.mode == ("L" if len(shape) == 2 else "RGB")
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_data_uri_holds_the_png() -> None:
    grey = np.zeros((2, 2), dtype=np.uint8)
    kind, content = data_uri(grey).split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == encode_png(grey)
