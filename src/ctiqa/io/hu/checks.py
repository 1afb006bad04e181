"""Checks for slices in HU, common to all formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import PADDING_HU, PLAUSIBLE_HU
from ctiqa.io.hu.gate import check_hu
from ctiqa.types import HuImage

MIN_MATRIX = 256
"""Smallest matrix side that the quality model was made for, in pixels."""

MAX_MATRIX = 2048
"""Largest matrix side, in pixels."""

MAX_SLOPE = 1000.0
"""Largest rescale slope in HU per stored value; an 8-bit copy of the extended scale needs 256."""

MAX_INTERCEPT_HU = 65_536.0
"""Largest magnitude of the rescale intercept, in HU."""

TISSUE_HU = (-900.0, 3000.0)
"""Range of CT numbers in patients."""

Rescale = tuple[float, float]
"""(slope, intercept): HU = slope·stored + intercept."""

Stored = npt.NDArray[Any]
"""Pixels as stored, integer or float, [rows, cols]."""


def check_matrix(rows: int, cols: int) -> None:
    """Refuse matrix sizes that the quality model cannot score.

    Raises:
        RefusedError: With ``CORRUPT``, ``TOO_SMALL`` or ``TOO_LARGE``.

    >>> check_matrix(128, 128)
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: the matrix must be at least 256 × 256 pixels, got 128 × 128
    """
    if rows <= 0 or cols <= 0:
        raise RefusedError(Reason.CORRUPT, f"the matrix is empty, {rows} × {cols} pixels")
    if min(rows, cols) < MIN_MATRIX:
        raise RefusedError(
            Reason.TOO_SMALL,
            f"the matrix must be at least {MIN_MATRIX} × {MIN_MATRIX} pixels, got {rows} × {cols}",
        )
    if max(rows, cols) > MAX_MATRIX:
        raise RefusedError(
            Reason.TOO_LARGE,
            f"the matrix must be at most {MAX_MATRIX} × {MAX_MATRIX} pixels, got {rows} × {cols}",
        )


def check_rescale(slope: float | None, intercept: float | None) -> Rescale:
    """Refuse a rescale that cannot give HU.

    Args:
        slope: HU per stored value, or ``None`` if absent.
        intercept: HU of stored value 0, or ``None`` if absent.

    Returns:
        (slope, intercept).

    Raises:
        RefusedError: With ``NO_RESCALE`` or ``IMPOSSIBLE_RESCALE``.

    >>> check_rescale(1.0, -1024.0)
    (1.0, -1024.0)
    >>> check_rescale(0.0, -1024.0)
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: 'RescaleSlope' must be in (0, 1000], got 0
    """
    if slope is None or intercept is None:
        name = "RescaleSlope" if slope is None else "RescaleIntercept"
        raise RefusedError(
            Reason.NO_RESCALE, f"'{name}' is absent, so the stored values cannot be converted to HU"
        )
    if not 0 < slope <= MAX_SLOPE:
        raise RefusedError(
            Reason.IMPOSSIBLE_RESCALE,
            f"'RescaleSlope' must be in (0, {MAX_SLOPE:g}], got {slope:g}",
        )
    if not abs(intercept) <= MAX_INTERCEPT_HU:
        raise RefusedError(
            Reason.IMPOSSIBLE_RESCALE,
            f"'RescaleIntercept' must be within ±{MAX_INTERCEPT_HU:g} HU, got {intercept:g}",
        )
    return slope, intercept


def to_hu(
    stored: Stored,
    rescale: Rescale = (1.0, 0.0),
    padding: tuple[float, float] | None = None,
    *,
    gate: bool = True,
) -> HuImage:
    """Convert stored values to HU.

    Args:
        stored: Pixels as stored, [rows, cols].
        rescale: (slope, intercept).
        padding: Lowest and highest stored value that mean "no measurement"; ``None`` if absent.
        gate: Whether to check with :func:`ctiqa.io.hu.gate.why_not_hu`; not needed for a slice
        whose volume has passed.

    Returns:
        HU, float32 [rows, cols], finite; padding and lower values are -1024.

    Raises:
        RefusedError: With ``NOT_FINITE`` or ``NOT_HU``.

    >>> to_hu(np.int16([[0, 1064], [-2000, 5]]), (1.0, -1024.0), (5, 5), gate=False).tolist()
    [[-1024.0, 40.0], [-1024.0, -1024.0]]
    """
    slope, intercept = rescale
    hu: HuImage = stored.astype(np.float32)
    if slope != 1.0:
        hu *= np.float32(slope)
    if intercept != 0.0:
        hu += np.float32(intercept)
    if padding is not None and not _is_tissue(padding, rescale):
        hu[(stored >= padding[0]) & (stored <= padding[1])] = PADDING_HU
    check_range(hu)
    if gate:
        check_hu(hu, Reason.NOT_HU)
    return np.maximum(hu, np.float32(PADDING_HU), out=hu)


def check_range(hu: HuImage) -> None:
    """Refuse pixels that are not finite or beyond the HU scale.

    Raises:
        RefusedError: With ``NOT_FINITE`` or ``NOT_HU``.

    >>> check_range(np.float32([[0.0, np.nan]]))
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: pixels must be finite; the slice contains NaN or infinity
    """
    low, high = float(hu.min()), float(hu.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RefusedError(
            Reason.NOT_FINITE, "pixels must be finite; the slice contains NaN or infinity"
        )
    if high > PLAUSIBLE_HU[1]:
        raise RefusedError(
            Reason.NOT_HU, f"HU end at {PLAUSIBLE_HU[1]:g}, the slice reaches {high:g}"
        )


def _is_tissue(padding: tuple[float, float], rescale: Rescale) -> bool:
    """Whether a padding value also occurs in patients, so that it must be ignored.

    Some writers declare 0 where 0 is water; applying it would punch holes in the patient.
    """
    slope, intercept = rescale
    low, high = (slope * value + intercept for value in padding)
    return low < TISSUE_HU[1] and high > TISSUE_HU[0]
