"""Arms beside a trunk, cut out of the slice that shows both."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ctiqa.hu import AIR_HU, body_mask
from ctiqa.types import HuImage

LIMBS = "limbs"
"""The variant of a slice of which only the limbs are kept."""

RIM_PIXELS = 4
"""What is taken away around the trunk, so that none of its skin stays."""


def without_trunk(hu: HuImage) -> HuImage:
    """A slice in HU [rows, cols] with the largest body in it replaced by air.

    >>> slice_hu = np.full((64, 64), -1000, np.float32)
    >>> slice_hu[8:40, 8:40] = 40  # trunk
    >>> slice_hu[50:58, 50:58] = 50  # arm
    >>> kept = without_trunk(slice_hu)
    >>> float(kept[20, 20]), float(kept[54, 54])
    (-1000.0, 50.0)
    """
    trunk = ndimage.binary_dilation(body_mask(hu), iterations=RIM_PIXELS)
    return np.where(trunk, np.float32(AIR_HU), hu)
