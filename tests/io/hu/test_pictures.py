"""Dark pictures are no CT; the quiet brains that look like them are tested with the gate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from ctiqa import UsageError
from ctiqa.io.hu.gate import why_not_hu
from ctiqa.score.arrays import slices_from_array


def night() -> npt.NDArray[np.uint8]:
    """A dark picture of 8 bits with a few lights."""
    rng = np.random.default_rng(0)
    sky = 18 + 4 * rng.standard_normal((300, 300))
    lights = ndimage.gaussian_filter((rng.random((300, 300)) < 0.001) * 3000.0, 1.2)
    picture: npt.NDArray[np.uint8] = (sky + lights).clip(0, 255).astype(np.uint8)
    return picture


def test_dark_picture_is_refused() -> None:
    picture = night()
    assert ((picture > 0) & (picture < 150)).mean() > 0.97
    assert picture.max() > 150
    assert "no value below 0" in str(why_not_hu(picture))
    with pytest.raises(UsageError, match="like stored pixels or a picture"):
        slices_from_array(picture)


def test_image_of_another_modality_with_a_dark_background_is_refused() -> None:
    """Nine pixels of ten are background, and as low as a brain."""
    rng = np.random.default_rng(0)
    signal = np.abs(rng.normal(0, 12, (300, 300)))
    signal[130:180, 130:180] += 900
    assert ((signal > -100) & (signal < 150)).mean() > 0.9
    assert "no value below 0" in str(why_not_hu(signal))
