"""How natural a slice looks: its distance from clean slices, without a reference or a network.

Mittal A, Soundararajan R, Bovik AC. Making a "completely blind" image quality analyzer (NIQE).
IEEE Signal Process Lett 20(3):209–212, 2013. The paper's clean images are photographs; those of CT
are the caller's to choose, and distances from different choices do not compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.errors import DataError, UsageError
from ctiqa.metrics.no_reference.niqe_features import (
    FEATURES,
    MIRRORED,
    Patches,
    check_side,
    patch_features,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import Floats, HuImage


@dataclass(frozen=True, slots=True, eq=False)
class NaturalModel:
    """What clean images look like: the Gaussian of their patches' features (NIQE).

    Attributes:
        mean: Mean of the features [36].
        covariance: Their covariance [36, 36].
        range_hu: Black and white of the window in which slices are shown, in HU.
        side: Side of a patch in pixels.

    Raises:
        UsageError: If the arrays are not [36] and [36, 36] or not finite, or ``side`` is odd or
            less than 16.
    """

    mean: Floats
    covariance: Floats
    range_hu: tuple[float, float]
    side: int = 96

    def __post_init__(self) -> None:
        check_side(self.side)
        shapes = np.shape(self.mean), np.shape(self.covariance)
        if shapes != ((FEATURES,), (FEATURES, FEATURES)):
            raise UsageError(
                "'mean' and 'covariance' must have shapes (36,) and (36, 36), got "
                f"{shapes[0]} and {shapes[1]}"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise UsageError("'mean' and 'covariance' must be finite, got NaN or infinity")

    @classmethod
    def fit(
        cls,
        slices: Iterable[tuple[HuImage, Mask]],
        window: DataWindow,
        *,
        side: int = 96,
        sharpness: float = 0.75,
    ) -> NaturalModel:
        """Learn from clean slices, of each the patches nearly as sharp as its sharpest.

        Every patch counts twice, as it is and mirrored left to right, so that an image and its
        mirror image are equally natural.

        Args:
            slices: Slices in HU, float32 [rows, cols], each with its mask, bool [rows, cols].
            window: Window in which they, and those to be judged, are shown.
            side: Side of a patch in pixels, even, at least 16.
            sharpness: Share of the largest mean local deviation that a patch must exceed, in
                [0, 1).

        Raises:
            UsageError: If ``side`` or ``sharpness`` breaks its rule, or a slice and its mask
                differ in shape, or a pixel inside the mask is not finite.
            DataError: If there are not more patches than features: their covariance would hide
                any difference it has not seen.
        """
        if not 0 <= sharpness < 1:
            raise UsageError(f"'sharpness' must be at least 0 and less than 1, got {sharpness:g}")
        check_side(side)
        found = [_sharp(_shown(hu, mask, window.range_hu, side), sharpness) for hu, mask in slices]
        pristine = np.concatenate([np.empty((0, FEATURES)), *found])
        if len(pristine) <= FEATURES:
            raise DataError(
                f"a natural model needs more than {FEATURES} patches of {side}x{side} pixels, got "
                f"{len(pristine)} of {len(found)} slices; give more slices or a smaller 'side'"
            )
        both = np.concatenate([pristine, pristine[:, list(MIRRORED)]])
        return cls(both.mean(axis=0), np.cov(both, rowvar=False), window.range_hu, side)

    def distance(self, hu: HuImage, mask: Mask) -> float:
        """How far a slice is from natural, ≥ 0, no unit; lower is more natural (NIQE).

        √((m − μ)ᵀ ((C + Σ)/2)⁺ (m − μ)), with m and C the mean and covariance of the slice's own
        patches. A single patch has no covariance: then C = Σ.

        Args:
            hu: CT numbers in HU, float32 [rows, cols].
            mask: Pixels that count, bool [rows, cols] (see :func:`ctiqa.hu.body_mask`).

        Raises:
            UsageError: If the shapes differ, or a pixel inside the mask is not finite.
            DataError: If no patch lies mostly inside the mask and has some variation.
        """
        patches = _shown(hu, mask, self.range_hu, self.side).features
        if not len(patches):
            raise DataError(
                f"the mask must hold most of a patch of {self.side}x{self.side} pixels that is not "
                f"constant, got none among {np.count_nonzero(mask)} pixels; score the slice "
                "without this measure, or fit a model with a smaller 'side'"
            )
        own = np.cov(patches, rowvar=False) if len(patches) > 1 else self.covariance
        away = patches.mean(axis=0) - self.mean
        inverse = np.linalg.pinv((own + self.covariance) / 2, hermitian=True)
        return float(np.sqrt(max(away @ inverse @ away, 0.0)))


def _shown(hu: HuImage, mask: Mask, range_hu: tuple[float, float], side: int) -> Patches:
    low, high = range_hu
    brightness = np.clip((np.asarray(hu, dtype=np.float64) - low) / (high - low), 0.0, 1.0)
    return patch_features(brightness, mask, side)


def _sharp(patches: Patches, share: float) -> Floats:
    least = share * patches.sharpness.max(initial=0.0)
    return patches.chosen(patches.sharpness > least).features
