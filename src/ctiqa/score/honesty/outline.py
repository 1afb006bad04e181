"""Whether the outline of what a slice shows, and what lies in and around it, is that of a body."""

from __future__ import annotations

import math

import numpy as np

from ctiqa.physics.patient.blocks import BLOCK, windows
from ctiqa.physics.patient.body import BodyOutline
from ctiqa.physics.patient.morphology import Mask, dilated
from ctiqa.types import Floats

MOST_CUT = 0.25
"""With more of its outline cut off, what lies outside the largest piece may be the body too."""

GREY_HU = (-850.0, -300.0)
GREY_USUAL, GREY_FOREIGN = 0.15, 0.45
"""Share of the outside that is neither air nor tissue: blankets and foam, in patients."""

MARGIN = 3
"""Blocks around the body that hold its blurred edge."""

LEAST_END = 8
END_USUAL, END_FOREIGN = 0.25, 0.75
"""Blocks, and shares of its greatest width, with which a body touches the first and the last row:
in a projection with all of it, in an axial slice that is too wide with a small arc."""

SIZE_MM = (40.0, 700.0)
"""Diameter of a circle as large as a human body, or one limb of it."""

ROUND = 0.9985
"""Roundness of a cylinder; bodies with as little bone do not reach it."""

UNIFORM, ROUND_UNIFORM = 0.62, 0.38
"""Share of the inside that has one CT number, in test objects of any outline and in round ones."""

ONE_NUMBER_HU = 24.0
BONE_HU, MOST_BONE = 200.0, 0.06
"""What has one CT number, and how much bone shows a patient; rods of plastic are small."""

SMOOTH_BLOCKS = 5
"""Side in blocks of the windows in which the inside is averaged."""


def grey_outside(body: BodyOutline) -> float:
    """How far the outside of a body is from air: 0 for patients, ≥ 1 for what is none."""
    if body.cut_share > MOST_CUT:
        return 0.0
    around = body.mean_hu[~dilated(body.mask, MARGIN)]
    low, high = GREY_HU
    grey = float(((around > low) & (around < high)).mean()) if around.size else 0.0
    return max((grey - GREY_USUAL) / (GREY_FOREIGN - GREY_USUAL), 0.0)


def runs_through(trunk: Mask) -> float:
    """How far a body runs from the first to the last row, and touches neither side, as in a scout.

    Returns:
        0 for patients, ≥ 1 for what is none.

    >>> scout = np.zeros((60, 60), dtype=bool)
    >>> scout[:, 20:40] = True
    >>> runs_through(scout), runs_through(scout.T), runs_through(scout & np.eye(60, dtype=bool))
    (1.5, 0.0, 0.0)
    """
    width = trunk.sum(axis=1)
    ends = float(min(width[0], width[-1]))
    if ends < LEAST_END or trunk[:, 0].any() or trunk[:, -1].any():
        return 0.0
    return max((ends / float(width.max()) - END_USUAL) / (END_FOREIGN - END_USUAL), 0.0)


def has_human_size(trunk: Mask, spacing_mm: tuple[float, float]) -> bool:
    """Whether the largest piece of a body is as large as a human body, or a limb.

    >>> has_human_size(np.ones((60, 60), dtype=bool), (0.8, 0.8))
    True
    >>> has_human_size(np.ones((60, 60), dtype=bool), (0.1, 0.1))
    False
    """
    area_mm2 = float(trunk.sum()) * BLOCK**2 * spacing_mm[0] * spacing_mm[1]
    return SIZE_MM[0] <= 2 * math.sqrt(area_mm2 / math.pi) <= SIZE_MM[1]


def is_test_object(body: BodyOutline) -> bool:
    """Whether all of the body is seen, and it is a test object: mostly one material, no bone."""
    if body.cut_share > 0:
        return False
    inside = windows(body.trunk.astype(np.float32), SMOOTH_BLOCKS) > 1 - 1e-6
    values = windows(body.mean_hu, SMOOTH_BLOCKS)[inside]
    if not values.size or float((values > BONE_HU).mean()) > MOST_BONE:
        return False
    uniform = _most_frequent_share(values)
    return uniform > UNIFORM or (uniform > ROUND_UNIFORM and _roundness(body.trunk) > ROUND)


def _most_frequent_share(values: Floats) -> float:
    """Share of the values in the fullest interval of 24 HU."""
    ordered = np.sort(values)
    held = ordered.searchsorted(ordered + ONE_NUMBER_HU) - np.arange(ordered.size)
    return float(held.max()) / ordered.size


def _roundness(mask: Mask) -> float:
    """Area over that of the ellipse with the same second moments; 1 for an ellipse."""
    spread = float(np.linalg.det(np.cov(np.stack(np.nonzero(mask)))))
    return float(mask.sum()) / (4 * math.pi * math.sqrt(max(spread, 1e-9)))
