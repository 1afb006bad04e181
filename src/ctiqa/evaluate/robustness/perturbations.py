"""Perturbations of slices under which a score must stay, may change a little, or must respond.

Each takes slices of one size in HU, float32 [slices, rows, cols], and returns new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from scipy import ndimage

from ctiqa.data.simulation.degrade import VARIATION_WEIGHT
from ctiqa.data.simulation.filters import mixed, total_variation
from ctiqa.evaluate.predictors.predictor import ImageChange, Images
from ctiqa.hu import AIR_HU, body_mask

Aim = Literal["invariance", "stability", "response"]

BODY_MARGIN_PIXELS = 3
"""Margin around the patient that is kept when the table is removed."""

SHIFTS = ((0, 5), (7, 0), (-16, 11))
"""Shifts in pixels (down, right) under which the score must stay."""

CUBIC = 3
"""Spline order of resampling: lower orders blur the noise, which changes the quality."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A perturbation and the expected behaviour of the score.

    Attributes:
        name: Name of the perturbation.
        aim: ``invariance``: quality is the same, the score must stay. ``stability``: the sampling
            changes, the score should hardly change. ``response``: quality changes.
        change: Applies it.
    """

    name: str
    aim: Aim
    change: ImageChange


def flip(hu: Images, axis: int) -> Images:
    """Slices mirrored up-down (axis 1) or left-right (axis 2)."""
    return np.flip(hu, axis)


def turn(hu: Images, quarters: int) -> Images:
    """Slices rotated by quarter turns."""
    return np.asarray(np.rot90(hu, quarters, axes=(1, 2)))


def shift(down: int, right: int) -> ImageChange:
    """A perturbation that shifts slices by whole pixels and fills with air.

    Args:
        down: Rows, negative for up.
        right: Columns, negative for left.

    >>> shift(0, 1)(np.array([[[1.0, 2.0]]], dtype=np.float32)).tolist()
    [[[-1000.0, 1.0]]]
    """

    def move(hu: Images) -> Images:
        moved = np.full_like(hu, AIR_HU)
        rows, cols = hu.shape[1:]
        to_r, to_c = (
            slice(max(down, 0), rows + min(down, 0)),
            slice(max(right, 0), cols + min(right, 0)),
        )
        from_r = slice(max(-down, 0), rows + min(-down, 0))
        from_c = slice(max(-right, 0), cols + min(-right, 0))
        moved[:, to_r, to_c] = hu[:, from_r, from_c]
        return moved

    return move


def zoom(hu: Images, factor: float) -> Images:
    """Slices magnified about their centre on the same matrix, filled with air.

    >>> zoom(np.zeros((1, 8, 8), np.float32), 1.01).shape
    (1, 8, 8)
    """
    middle = (np.array(hu.shape[1:]) - 1) / 2
    scaled = [
        ndimage.affine_transform(
            image,
            np.full(2, 1 / factor),
            offset=middle - middle / factor,
            order=CUBIC,
            cval=AIR_HU,
        )
        for image in hu
    ]
    return np.stack(scaled).astype(np.float32)


def without_table(hu: Images) -> Images:
    """Slices with everything but the patient (couch, blankets, wires) replaced by air."""
    kept = [
        np.where(
            ndimage.binary_dilation(body_mask(image), iterations=BODY_MARGIN_PIXELS), image, AIR_HU
        )
        for image in hu
    ]
    return np.stack(kept).astype(np.float32)


def resample(hu: Images, factor: float) -> Images:
    """Slices resampled to a finer or coarser matrix with the same field of view.

    >>> resample(np.zeros((1, 512, 512), np.float32), 0.75).shape
    (1, 384, 384)
    """
    sampled = [
        ndimage.zoom(image, factor, order=CUBIC, mode="nearest", grid_mode=True) for image in hu
    ]
    return np.stack(sampled).astype(np.float32)


def crop(hu: Images, share: float) -> Images:
    """The central part of the slices, with this share of the rows and columns.

    >>> crop(np.zeros((1, 512, 512), np.float32), 0.875).shape
    (1, 448, 448)
    """
    cuts = [round(side * (1 - share) / 2) for side in hu.shape[1:]]
    rows, cols = (slice(cut, side - cut) for cut, side in zip(cuts, hu.shape[1:], strict=True))
    return hu[:, rows, cols]


def pad(hu: Images, share: float) -> Images:
    """Slices padded with air, enlarged by this factor.

    >>> pad(np.zeros((1, 512, 512), np.float32), 1.25).shape
    (1, 640, 640)
    """
    rims = [round(side * (share - 1) / 2) for side in hu.shape[1:]]
    return np.pad(hu, [(0, 0), *((rim, rim) for rim in rims)], constant_values=AIR_HU)


def blur(hu: Images, pixels: float) -> Images:
    """Slices blurred by a Gaussian with this standard deviation in pixels."""
    return np.asarray(ndimage.gaussian_filter(hu, (0, pixels, pixels)), dtype=np.float32)


def smooth(hu: Images, strength: float) -> Images:
    """Slices denoised by total variation (:mod:`ctiqa.data.simulation.filters`)."""
    return np.stack([mixed(each, total_variation(each, VARIATION_WEIGHT), strength) for each in hu])


def _of(aim: Aim, changes: dict[str, Callable[[Images], Images]]) -> tuple[Perturbation, ...]:
    return tuple(Perturbation(name, aim, change) for name, change in changes.items())


PERTURBATIONS = (
    *_of(
        "invariance",
        {
            "flip left-right": partial(flip, axis=2),
            "flip up-down": partial(flip, axis=1),
            "quarter turn": partial(turn, quarters=1),
            "half turn": partial(turn, quarters=2),
            **{f"shift {down}, {right} px": shift(down, right) for down, right in SHIFTS},
            "zoom +1 %": partial(zoom, factor=1.01),
            "zoom −1 %": partial(zoom, factor=0.99),
            "table removed": without_table,
        },
    ),
    *_of(
        "stability",
        {
            "matrix × 0.75": partial(resample, factor=0.75),
            "matrix × 1.5": partial(resample, factor=1.5),
            "field of view × 0.875 (cropped)": partial(crop, share=0.875),
            "field of view × 1.25 (padded)": partial(pad, share=1.25),
        },
    ),
    *_of(
        "response",
        {
            "blur, σ 0.5 px": partial(blur, pixels=0.5),
            "blur, σ 1 px": partial(blur, pixels=1.0),
            "blur, σ 2 px": partial(blur, pixels=2.0),
            "denoising, half": partial(smooth, strength=0.5),
            "denoising, full": partial(smooth, strength=1.0),
        },
    ),
)
"""Perturbations of the robustness checks."""
