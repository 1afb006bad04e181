"""Table of the full-reference measures: name, direction, range, unit and source.

>>> import numpy as np
>>> from ctiqa.hu import Window
>>> hu = np.random.default_rng(0).normal(40, 50, (176, 176)).astype("float32")
>>> mask, soft = np.ones(hu.shape, bool), Window(400, 40)
>>> {each.name: round(each.function(hu, hu, mask, soft), 6) for each in MEASURES}
{'rmse': 0.0, 'psnr': inf, 'ssim': 1.0, 'ms_ssim': 1.0, 'vif': 1.0, 'gmsd': 0.0, 'haarpsi': 1.0}
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ctiqa.metrics.full_reference.gmsd import gmsd
from ctiqa.metrics.full_reference.haarpsi import haarpsi
from ctiqa.metrics.full_reference.images import DataWindow, Mask
from ctiqa.metrics.full_reference.ms_ssim import ms_ssim
from ctiqa.metrics.full_reference.psnr import psnr
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.metrics.full_reference.ssim import ssim
from ctiqa.metrics.full_reference.vif import vif
from ctiqa.types import HuImage


@dataclass(frozen=True, slots=True)
class FullReferenceMeasure:
    """A full-reference measure and its interpretation.

    Attributes:
        name: Short name, as in tables and files.
        function: Takes image and reference in HU [rows, cols], a mask and a window.
        higher_is_better: Whether higher values mean better quality.
        range: Lowest and highest value in a window.
        unit: Unit; empty for dimensionless values.
        citation: Source.
    """

    name: str
    function: Callable[[HuImage, HuImage, Mask, DataWindow], float]
    higher_is_better: bool
    range: tuple[float, float]
    unit: str
    citation: str


MEASURES = (
    FullReferenceMeasure(
        "rmse", rmse, False, (0.0, math.inf), "HU", "Gauss, Theoria combinationis, 1823"
    ),
    FullReferenceMeasure(
        "psnr",
        psnr,
        True,
        (0.0, math.inf),
        "dB",
        "Huynh-Thu, Ghanbari, Electron Lett 44:800–801, 2008",
    ),
    FullReferenceMeasure(
        "ssim", ssim, True, (-1.0, 1.0), "", "Wang et al., IEEE TIP 13(4):600–612, 2004"
    ),
    FullReferenceMeasure(
        "ms_ssim", ms_ssim, True, (0.0, 1.0), "", "Wang et al., Asilomar 37:1398–1402, 2003"
    ),
    FullReferenceMeasure(
        "vif", vif, True, (0.0, math.inf), "", "Sheikh, Bovik, IEEE TIP 15(2):430–444, 2006"
    ),
    FullReferenceMeasure(
        "gmsd", gmsd, False, (0.0, 0.5), "", "Xue et al., IEEE TIP 23(2):684–695, 2014"
    ),
    FullReferenceMeasure(
        "haarpsi", haarpsi, True, (0.0, 1.0), "", "Reisenhofer et al., SPIC 61:33–43, 2018"
    ),
)
"""Every measure, in the order of tables."""
