"""Labels of degraded slices from full-reference measures against the clean original.

Every measure has its own scale, which depends on the anatomy. Each value is therefore converted to
*equivalent noise*: the plain noise in HU that, added to the same slice, would change the measure
as much. On this common axis the measures can be averaged, the noise of the original slice can be
added, and the physical anchors of the radiologist scale apply: about 16 HU of total noise is
still excellent, about 105 HU is useless.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.metrics.full_reference.gmsd import gradient_similarity
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.full_reference.ssim import ssim_uniform
from ctiqa.metrics.full_reference.vif import vif_mirrored
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe.network import TOKEN
from ctiqa.types import SCORE_RANGE, HuImage

LADDER_HU = (3.0, 6.0, 10.0, 15.0, 22.0, 32.0, 46.0, 66.0, 95.0, 135.0, 190.0)
"""Noise levels, RMS inside the patient in HU, at which the measures are tabulated."""

WIDE_LADDER_HU = (*LADDER_HU, 270.0, 380.0)
"""The same beyond the useless, for labels that are open at both ends."""

LOSS_WEIGHTS = (0.5, 0.125, 0.125, 0.125, 0.125)
"""Weights of pooled error; SSIM soft tissue; SSIM wide; gradient similarity; VIF."""


def clip_score(raw: float) -> float:
    """Clip a score to its scale, 0 to 4."""
    return min(max(raw, SCORE_RANGE[0]), SCORE_RANGE[1])


def token_errors(image: HuImage, reference: HuImage, mask: Mask) -> HuImage:
    """RMS error in HU of each 32×32 patch inside the mask; NaN if less than a quarter is inside.

    Returns:
        float32 [ceil(rows/32), ceil(cols/32)].
    """
    inside = mask.astype(np.float32)
    squares = _patch_sums(np.square(image - reference) * inside)
    pixels = _patch_sums(inside)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.sqrt(squares / pixels)
    return np.where(pixels >= TOKEN * TOKEN / 4, errors, np.nan).astype(np.float32)


def pooled_error(image: HuImage, reference: HuImage, mask: Mask, *, power: float = 4.0) -> float:
    """Power mean of the patch errors in HU, because readers look at the worst part of a slice.

    >>> clean = np.zeros((64, 64), np.float32)
    >>> pooled_error(clean + 5, clean, np.ones((64, 64), bool))
    5.0
    """
    errors = token_errors(image, reference, mask)
    errors = errors[np.isfinite(errors)].astype(np.float64)
    if errors.size == 0:
        return float(np.sqrt(np.mean(np.square((image - reference)[mask]))))
    return float(np.mean(errors**power) ** (1 / power))


def _patch_sums(image: HuImage) -> HuImage:
    rows, cols = (-(-n // TOKEN) * TOKEN for n in image.shape)
    padded = np.zeros((rows, cols), dtype=np.float32)
    padded[: image.shape[0], : image.shape[1]] = image
    patches = padded.reshape(rows // TOKEN, TOKEN, cols // TOKEN, TOKEN)
    return np.asarray(patches.sum(axis=(1, 3)), dtype=np.float32)


def losses(image: HuImage, reference: HuImage, mask: Mask) -> npt.NDArray[np.float64]:
    """Five measures, [measures], each 0 for equal images and increasing with loss.

    Pooled error in HU; 1 − SSIM in the soft-tissue and in the wide window; 1 − gradient
    similarity in the soft-tissue window; 1 − VIF in the wide window.
    """
    rows, cols = _box(mask)
    image, reference, mask = image[rows, cols], reference[rows, cols], mask[rows, cols]
    soft = [apply_window(x, WINDOWS["soft"]) for x in (image, reference)]
    wide = [apply_window(x, WINDOWS["challenge"]) for x in (image, reference)]
    return np.array(
        [
            pooled_error(image, reference, mask),
            1 - ssim_uniform(soft[0], soft[1], mask),
            1 - ssim_uniform(wide[0], wide[1], mask),
            1 - gradient_similarity(soft[0], soft[1], mask),
            1 - vif_mirrored(wide[0], wide[1], mask, noise_variance=2 / 255**2),
        ]
    )


def _box(mask: Mask) -> tuple[slice, slice]:
    found: tuple[slice, slice] = ndimage.find_objects(mask.astype(np.uint8))[0]
    return found


@dataclass(frozen=True, eq=False)
class Ladder:
    """Effect of plain noise on the measures of one slice, to convert them to equivalent noise.

    Attributes:
        table: Measures (columns, see :func:`losses`) at each level of :data:`LADDER_HU` or
            :data:`WIDE_LADDER_HU` (rows).
        own_noise_hu: Noise of the slice as acquired, in HU.
    """

    table: npt.NDArray[np.float64]
    own_noise_hu: float

    def equivalent_noise(self, found: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Plain noise in HU that changes each measure as much, [measures]."""
        levels = np.concatenate([[0.0], WIDE_LADDER_HU[: len(self.table)]])
        return np.array(
            [
                np.expm1(
                    np.interp(
                        value,
                        np.maximum.accumulate(np.concatenate([[0.0], self.table[:, k]])),
                        np.log1p(levels),
                    )
                )
                for k, value in enumerate(found)
            ]
        )

    def total_noise(self, found: npt.NDArray[np.float64]) -> float:
        """Total noise in HU: mean equivalent noise in quadrature with the noise of the slice."""
        logs = np.log1p(self.equivalent_noise(found))
        added = math.expm1(float(np.dot(LOSS_WEIGHTS, logs)))
        return math.hypot(added, self.own_noise_hu)

    def scores(self, found: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """What every measure alone would say, open at both ends of the scale, [measures]."""
        equivalents = self.equivalent_noise(found).tolist()
        return np.array([score_of_noise(math.hypot(e, self.own_noise_hu)) for e in equivalents])

    def smoothed_score(
        self, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
    ) -> float:
        """Score of a slice that was smoothed, open at both ends of the scale.

        Smoothing gains only what it gains in likeness to the clean original by every measure, so
        by the worst of them: noise that goes counts, and detail that goes with it counts as well.
        The more detail is gone, the less it matters what the slice was before.

        Args:
            before: Measures (see :func:`losses`) of the slice before.
            after: Those of the smoothed slice.
        """
        change = float(np.min(self.scores(after) - self.scores(before)))
        return score_of_noise(self.total_noise(before)) + change


def make_ladder(
    scene: Scene, rng: np.random.Generator, levels: Sequence[float] = LADDER_HU
) -> Ladder:
    """Tabulate the measures of a slice at every level of plain noise."""
    noise = scene.unit_noise(FULL_VIEWS, rng)
    rungs = [losses(scene.hu + np.float32(level) * noise, scene.hu, scene.mask) for level in levels]
    return Ladder(np.stack(rungs), scene.own_noise_hu)
