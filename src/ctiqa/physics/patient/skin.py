"""Profiles across the skin of a patient, from air inwards, with the position of the edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.hu import AIR_HU
from ctiqa.metrics.smoothing import box_smoothed
from ctiqa.physics.patient.blocks import BLOCK
from ctiqa.physics.patient.body import BodyOutline
from ctiqa.physics.patient.morphology import Mask
from ctiqa.types import Floats, HuImage

EDGE_HU = -500.0
"""Where the edge lies: half way between air and skin."""

FOOT_HU = -850.0
"""Foot of the edge; its distance to the edge is the width of a profile."""

OUTSIDE, INSIDE = 15, 9
"""Pixels of a profile outside and inside the first block of the body."""

NEIGHBOURS = 5
"""Profiles on either side that a smooth stretch of skin spans."""

ALIKE = 17
"""Neighbouring profiles whose mean width is compared, more than half of which must be there."""

MOST = 0.5

MOST_ROUGH = 0.12
"""Root mean square distance of the edge from a parabola in pixels; clothes and folds exceed it."""

CLEAN_AIR_HU = (-1030.0, -960.0)
"""Mean of air; clothes and blankets are denser."""

SKIN_HU = -250.0
"""Least CT number of skin."""


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Profiles across smooth skin that borders on air.

    Attributes:
        distance_mm: Distance of every sample from the edge along its normal, negative in the air,
            float64 [profiles, samples].
        hu: CT numbers in HU, float32 [profiles, samples].
        width_mm: Distance from -850 to -500 HU of every profile, float64 [profiles].
    """

    distance_mm: Floats
    hu: HuImage
    width_mm: Floats


def skin_profiles(hu: HuImage, spacing_mm: tuple[float, float], body: BodyOutline) -> Profiles:
    """Profiles along rows and columns wherever the skin crosses them steeply enough.

    Rows and columns are taken as they are: interpolation would blur them. Their pixels lie at all
    distances from the edge, so together they sample it finely.
    """
    across, along = spacing_mm
    rows, cols = (length * BLOCK for length in body.trunk.shape)
    image, mask = hu[:rows, :cols], body.trunk
    sides = (
        _from_the_left(image, mask, along, across),
        _from_the_left(image[:, ::-1], mask[:, ::-1], along, across),
        _from_the_left(image.T, mask.T, across, along),
        _from_the_left(image.T[:, ::-1], mask.T[:, ::-1], across, along),
    )
    columns, along_mm, across_mm = np.concatenate([where for _, where in sides], axis=1)
    return _clean(np.concatenate([hu for hu, _ in sides]), columns, along_mm, across_mm)


def _from_the_left(
    image: HuImage, mask: Mask, along_mm: float, across_mm: float
) -> tuple[HuImage, Floats]:
    """Profiles of the rows of one side; their first columns and the spacings of their pixels.

    Where the body is at the border of the image, and after the last row, a profile is air alone.
    """
    lines = np.flatnonzero(mask.any(axis=1))
    rows = np.arange(lines[0] * BLOCK, (lines[-1] + 1) * BLOCK)
    first = np.repeat(mask[lines[0] : lines[-1] + 1].argmax(axis=1) * BLOCK, BLOCK) - OUTSIDE
    samples = np.arange(OUTSIDE + INSIDE + 1)
    fits = (first >= 0) & (first + samples.size <= image.shape[1])
    profiles = np.full((rows.size + ALIKE // 2, samples.size), AIR_HU, dtype=np.float32)
    profiles[: rows.size][fits] = image[rows[fits, None], first[fits, None] + samples]
    where = np.empty((3, len(profiles)))
    where[0] = np.pad(first, (0, ALIKE // 2))
    where[1:] = [[along_mm], [across_mm]]
    return profiles, where


def _clean(profiles: HuImage, columns: Floats, along_mm: Floats, across_mm: Floats) -> Profiles:
    """The profiles of smooth skin next to clean air."""
    edge = _crossing(profiles, EDGE_HU)
    smooth, slope, rough = _parabola(edge + columns)
    tangent = slope * along_mm / across_mm
    with np.errstate(invalid="ignore"):
        kept = np.flatnonzero((rough < MOST_ROUGH) & (np.abs(tangent) <= 1))
    profiles = profiles[kept]
    offset = np.arange(profiles.shape[1]) - (smooth - columns)[kept, None]
    scale = along_mm[kept] / np.hypot(1, tangent[kept])
    width = (edge[kept] - _crossing(profiles, FOOT_HU)) * scale
    clean = np.isfinite(width) & _borders_on_air(profiles, offset)
    alike = _mean_of_neighbours(edge.size, kept[clean], width[clean])
    distance = (offset * scale[:, None])[clean]
    together = np.isfinite(alike)
    return Profiles(distance[together], profiles[clean][together], alike[together])


def _mean_of_neighbours(count: int, index: npt.NDArray[np.intp], width: Floats) -> Floats:
    """Mean width around each of the profiles ``index`` of ``count``; NaN where most are missing.

    One profile alone has the phase of its pixels; neighbours have all phases.
    """
    total, known = np.zeros(count), np.zeros(count)
    total[index], known[index] = width, 1
    total, known = (box_smoothed(each, ALIKE)[index] for each in (total, known))
    return np.where(known > MOST, total / known, np.nan)


def _crossing(profiles: HuImage, level: float) -> Floats:
    """Where each profile first rises above a level, between two samples; NaN if it never does."""
    above = profiles >= level
    right = above.argmax(axis=1)
    line = np.arange(len(profiles))
    high, low = profiles[line, right], profiles[line, np.maximum(right - 1, 0)]
    high, low = high.astype(np.float64), low.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = right - (high - level) / (high - low)
    return np.where(above.any(axis=1) & (right > 0), crossing, np.nan)


def _parabola(position: Floats) -> tuple[Floats, Floats, Floats]:
    """Value, slope and misfit of a parabola through each point and its neighbours; NaN at ends."""
    step = np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
    base = np.stack([np.ones(step.size), step, step**2], axis=1)
    fit = np.linalg.pinv(base)
    padded = np.pad(position, NEIGHBOURS, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, step.size)
    terms = around @ fit.T
    rough = np.sqrt(np.mean((around - terms @ base.T) ** 2, axis=1))
    return terms[:, 0], terms[:, 1], rough


def _borders_on_air(profiles: HuImage, offset: Floats) -> Mask:
    """Whether profiles come from air, without clothes, and enter skin."""
    outside = (offset < -5) & (offset > -11)
    inside = (offset > 1.5) & (offset < 4)
    air = _mean_where(profiles, outside)
    skin = _mean_where(profiles, inside)
    return np.asarray((air > CLEAN_AIR_HU[0]) & (air < CLEAN_AIR_HU[1]) & (skin > SKIN_HU))


def _mean_where(profiles: HuImage, where: Mask) -> Floats:
    return np.asarray((profiles * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1))
