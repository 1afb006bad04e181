"""NIQE: naturalness of a slice as its distance from clean slices, without a reference or network.

Mittal A, Soundararajan R, Bovik AC. Making a "completely blind" image quality analyzer (NIQE). IEEE
Signal Process Lett 20(3):209–212, 2013. The clean images of the paper are photographs; for CT the
caller chooses them, and distances from different choices are not comparable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.errors import DataError, UsageError
from ctiqa.metrics.full_reference.images import brightness
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
    """Gaussian model of the patch features of clean images (NIQE).

    Attributes:
        mean: Mean of the features [36].
        covariance: Covariance of the features [36, 36].
        range_hu: Black and white of the display window, in HU.
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
        """Fit the model to the sharpest patches of each clean slice.

        Every patch counts twice, unchanged and mirrored left to right, so that an image and its
        mirror image are equally natural.

        Args:
            slices: Slices in HU, float32 [rows, cols], each with its mask, bool [rows, cols].
            window: Display window for these slices and the slices to be assessed.
            side: Side of a patch in pixels, even, at least 16.
            sharpness: Share of the largest mean local standard deviation in a slice that a patch
                must exceed, in [0, 1).

        Raises:
            UsageError: If ``side`` or ``sharpness`` breaks its rule, or a slice and its mask
                differ in shape, or a pixel inside the mask is not finite.
            DataError: If there are no more patches than features, which would make their
                covariance singular.
        """
        if not 0 <= sharpness < 1:
            raise UsageError(f"'sharpness' must be at least 0 and less than 1, got {sharpness:g}")
        check_side(side)
        found = [
            _sharp(patch_features(brightness(hu, window), mask, side), sharpness)
            for hu, mask in slices
        ]
        pristine = np.concatenate([np.empty((0, FEATURES)), *found])
        if len(pristine) <= FEATURES:
            raise DataError(
                f"a natural model needs more than {FEATURES} patches of {side}x{side} pixels, got "
                f"{len(pristine)} of {len(found)} slices; give more slices or a smaller 'side'"
            )
        both = np.concatenate([pristine, pristine[:, list(MIRRORED)]])
        return cls(both.mean(axis=0), np.cov(both, rowvar=False), window.range_hu, side)

    def distance(self, hu: HuImage, mask: Mask) -> float:
        """Distance of a slice from the model, ≥ 0, dimensionless; lower is more natural (NIQE).

        √((m − μ)ᵀ ((C + Σ)/2)⁺ (m − μ)), where m and C are mean and covariance of the patches of
        the slice. A single patch has no covariance; then C = Σ.

        Args:
            hu: CT numbers in HU, float32 [rows, cols].
            mask: Pixels that count, bool [rows, cols] (see :func:`ctiqa.hu.body_mask`).

        Raises:
            UsageError: If the shapes differ, or a pixel inside the mask is not finite.
            DataError: If no patch lies mostly inside the mask and has some variation.
        """
        patches = patch_features(brightness(hu, self), mask, self.side).features
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


def _sharp(patches: Patches, share: float) -> Floats:
    least = share * patches.sharpness.max(initial=0.0)
    return patches.chosen(patches.sharpness > least).features
