from __future__ import annotations

import numpy as np
import pytest
from tests.score.made import phantom

from ctiqa.hu import body_mask
from ctiqa.score.view import body_box, lung_share, shrink

AIR = np.full((256, 256), -1000, np.float32)


def test_the_box_is_around_the_body() -> None:
    rows, cols = body_box(body_mask(phantom()))
    assert 10 < rows.start < 26
    assert 230 < cols.stop < 246


def test_air_is_not_cropped() -> None:
    assert AIR[body_box(body_mask(AIR))].shape == AIR.shape


def test_share_of_lung_in_the_body() -> None:
    lung = phantom(lung=True)
    # Two discs of 0.13 sides in one of 0.4 sides.
    assert lung_share(lung, body_mask(lung)) == pytest.approx(2 * (0.13 / 0.4) ** 2, abs=0.01)
    assert lung_share(phantom(), body_mask(phantom())) == 0
    assert lung_share(AIR, body_mask(AIR)) == 0


@pytest.mark.parametrize("channels", [(), (3,)])
def test_large_images_are_averaged_down(channels: tuple[int, ...]) -> None:
    image = np.arange(6.0 * 4 * max(sum(channels), 1)).reshape(6, 4, *channels)
    small = shrink(image, 3)
    assert small.shape == (3, 2, *channels)
    np.testing.assert_allclose(small[0, 0], image[:2, :2].mean(axis=(0, 1)))
    assert shrink(image, 6).shape == image.shape
