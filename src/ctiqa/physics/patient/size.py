"""Size of the patient in the beam: water-equivalent and effective diameter."""

from __future__ import annotations

import math

import numpy as np

from ctiqa.hu import AIR_HU, BODY_THRESHOLD_HU
from ctiqa.physics.patient.blocks import BLOCK
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.morphology import dilated
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import HuImage, Unmeasured

MOST_CUT = 0.10
"""Share of the outline that may be cut off by the field of view."""


def water_equivalent_diameter(
    hu: HuImage, spacing_mm: tuple[float, float], *, body: BodyOutline | None = None
) -> float:
    """Diameter of the disc of water that attenuates as much as the body.

    Dw = 2·√(Σ(HU/1000 + 1)·ΔxΔy/π) over the body with lungs and gas, without the couch.

    AAPM Task Group 220. Use of water equivalent diameter for calculating patient size and
    size-specific dose estimates (SSDE) in CT. Report 220, 2014.

    Args:
        hu: CT numbers in HU, float [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        body: Outline of the body, if known already.

    Returns:
        Diameter in mm.

    Raises:
        NotMeasurableError: With ``NO_BODY``, or with ``BODY_CUT_OFF`` if more than 10 % of the
            outline, or of that of the arms, lies on the edge of the field of view.

    >>> water = np.hypot(*np.mgrid[-99.5:100, -99.5:100]) < 80
    >>> disc = np.where(water, 0, -1000).astype("float32")
    >>> round(water_equivalent_diameter(disc, (2.0, 2.0)))
    320
    """
    body = body or find_body(hu)
    _check_whole(body)
    # Air outside counts nothing, so pixels that are partly skin are included.
    rim = dilated(body.mask) & (body.mean_hu <= BODY_THRESHOLD_HU)
    water = np.maximum(body.mean_hu[body.mask | rim], AIR_HU).astype(np.float64) / 1000 + 1
    area = float(water.sum()) * BLOCK**2 * spacing_mm[0] * spacing_mm[1]
    return 2 * math.sqrt(area / math.pi)


def effective_diameter(
    hu: HuImage, spacing_mm: tuple[float, float], *, body: BodyOutline | None = None
) -> float:
    """Diameter of the disc with the area of an ellipse as wide and thick as the trunk, √(AP·LAT).

    AAPM Task Group 204. Size-specific dose estimates (SSDE) in pediatric and adult body CT
    examinations. Report 204, 2011. Arms beside the trunk do not count.

    Args:
        hu: CT numbers in HU, float [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        body: Outline of the body, if known already.

    Returns:
        Diameter in mm.

    Raises:
        NotMeasurableError: As for :func:`water_equivalent_diameter`.

    >>> y, x = np.mgrid[-99.5:100, -99.5:100]
    >>> ellipse = np.where(np.hypot(y / 50, x / 80) < 1, 0, -1000).astype("float32")
    >>> round(effective_diameter(ellipse, (2.0, 2.0)))  # 200 mm × 320 mm
    253
    """
    body = body or find_body(hu)
    _check_whole(body)
    near = np.repeat(np.repeat(dilated(body.trunk), BLOCK, axis=0), BLOCK, axis=1)
    trunk = (np.asarray(hu)[: near.shape[0], : near.shape[1]] > BODY_THRESHOLD_HU) & near
    lengths = (np.ptp(np.flatnonzero(trunk.any(axis=axis))) + 1 for axis in (1, 0))
    thick, wide = (float(n) * mm for n, mm in zip(lengths, spacing_mm, strict=True))
    return math.sqrt(thick * wide)


def _check_whole(body: BodyOutline) -> None:
    cut = max(body.cut_share, body.limb_cut_share)
    if cut > MOST_CUT:
        raise NotMeasurableError(
            Unmeasured.BODY_CUT_OFF,
            f"the field of view cuts off {cut:.0%} of the outline, more than {MOST_CUT:.0%}",
        )
