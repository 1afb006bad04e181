"""Whether a slice shows a patient in CT numbers at all; no model is needed.

What passes for HU may still be no patient: a scout, another modality behind a header that says
CT, a photograph scaled to HU, a test object. ``tools/validate_gate.py`` measures detection and
false alarms.
"""

from __future__ import annotations

from ctiqa.physics.patient.blocks import block_means
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.filtered import noise_texture
from ctiqa.physics.patient.tissue import patches
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.score.honesty.outline import (
    grey_outside,
    has_human_size,
    is_test_object,
    runs_through,
)
from ctiqa.score.honesty.tissue_plan import TissuePlan, excess_of
from ctiqa.types import HuImage

NOT_HU, OUTSIDE_TRAINING, AIR = "not_hu", "outside_training", "air"
"""Flags of slices without a score."""

LIMIT = 1.0
"""Sum of what is unlike patients above which a slice shows none."""

MUCH_AIR, LITTLE_AIR = 0.2, 0.1
"""Shares of air from which there is an outside to examine, and below which there is none."""

INSIDE_WEIGHT = 0.7
"""Weight of the plan where there is little air: a small field of view may lie within one organ."""

KURTOSIS_USUAL, KURTOSIS_FOREIGN = 3.15, 3.75
COUPLING_USUAL, COUPLING_FOREIGN = 0.36, 0.6
"""Texture of noise in the same place: pictures have none that is regular."""

ANY_PIXEL_MM = (0.7, 0.7)
"""Pixels of a usual scan; the texture hardly depends on them."""


def why_outside(
    hu: HuImage, spacing_mm: tuple[float, float] | None, *, thorough: bool = True
) -> str | None:
    """Why a slice is none of a patient; ``None`` if it may be one.

    CT numbers of a body have a plan: most of what is no air is fat, muscle or organs, within
    150 HU of water; little lies between lung and fat; outside the body is air. A projection image
    runs through the whole matrix. A test object is a cylinder, uniform inside and without bone. A
    body has the size of one.

    Args:
        hu: CT numbers in HU, float32 [rows, cols], at least -1024.
        spacing_mm: Pixel spacing (row, column) in mm; ``None`` if unknown.
        thorough: Whether the body and its noise are examined too, which takes ten times as long.

    Returns:
        ``"not_hu"``, ``"outside_training"``, ``"air"`` (no body) or ``None``.

    >>> import numpy as np
    >>> ramp = np.add.outer(np.arange(256.0), np.arange(256.0)).astype("float32")
    >>> why_outside(3 * ramp - 1000, None)
    'not_hu'
    >>> water = np.where(np.hypot(*np.mgrid[-128:128, -128:128]) < 90, 0, -1000)
    >>> why_outside(water.astype("float32"), None)
    'outside_training'
    """
    plan = TissuePlan.of(block_means(hu))
    unlike = excess_of(plan) * (INSIDE_WEIGHT if plan.air < LITTLE_AIR else 1.0)
    if unlike > LIMIT:
        return NOT_HU
    return _why_no_body(hu, spacing_mm, plan, unlike) if thorough else None


def _why_no_body(
    hu: HuImage, spacing_mm: tuple[float, float] | None, plan: TissuePlan, unlike: float
) -> str | None:
    """The same from the body and its noise, for a slice whose plan may be that of a patient."""
    try:
        body = find_body(hu)
    except NotMeasurableError:
        return AIR
    unlike += grey_outside(body) if plan.air > MUCH_AIR else 0.0
    unlike += _irregular_noise(hu, body) if plan.air < LITTLE_AIR else 0.0
    unlike += runs_through(body.trunk)
    if unlike > LIMIT:
        return NOT_HU
    wrong_size = spacing_mm is not None and not has_human_size(body.trunk, spacing_mm)
    if wrong_size or (plan.air > MUCH_AIR and is_test_object(body)):
        return OUTSIDE_TRAINING
    return None


def _irregular_noise(hu: HuImage, body: BodyOutline) -> float:
    """How far the fine structure is from the noise of a scanner."""
    try:
        found = noise_texture(patches(hu, body), ANY_PIXEL_MM)
    except NotMeasurableError:
        return 0.0
    peaked = (found.kurtosis - KURTOSIS_USUAL) / (KURTOSIS_FOREIGN - KURTOSIS_USUAL)
    coupled = (found.coupling - COUPLING_USUAL) / (COUPLING_FOREIGN - COUPLING_USUAL)
    return max(peaked, 0.0) + max(coupled, 0.0)
