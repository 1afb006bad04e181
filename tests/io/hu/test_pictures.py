"""Pictures are no CT, dark ones neither; quiet brains are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ctiqa import UsageError
from ctiqa.io.hu.gate import why_not_hu
from ctiqa.score.arrays import slices_from_array


def night() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """A dark picture of 8 bits with a few lights."""
    rng = np.random.default_rng(0)
    sky = 18 + 4 * rng.standard_normal((300, 300))
    lights = ndimage.gaussian_filter((rng.random((300, 300)) < 0.001) * 3000.0, 1.2)
    return (sky + lights).clip(0, 255).astype(np.uint8)


def test_dark_picture_is_refused() -> None:
    picture = night()
    assert ((picture > 0) & (picture < 150)).mean() > 0.97
    assert picture.max() > 150
    assert "no value below 0" in str(why_not_hu(picture))
    with pytest.raises(UsageError, match="like stored pixels or a picture"):
        slices_from_array(picture)


def test_quiet_brain_is_not() -> None:
    rng = np.random.default_rng(0)
    brain = np.where(np.hypot(*np.mgrid[-150:150, -150:150]) < 40, 9.0, 34.0)
    brain = ndimage.gaussian_filter(brain + 4 * rng.standard_normal(brain.shape), 0.8).round()
    assert brain.min() >= 0
    assert why_not_hu(brain) is None
    brain[:20, :20] = 900
    assert why_not_hu(brain) is None
