"""Position and orientation of slices in the patient.

Coordinates are DICOM patient coordinates (LPS) in mm: x to the patient's left, y to the back,
z to the head. An orientation is six direction cosines: along a row, then down a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ctiqa.errors import Reason, RefusedError

MAX_TILT_DEG = 35.0
"""Largest angle between slice normal and patient axis of an axial slice.

CT gantries tilt up to 30°.
"""

TILT_DEG = 1.0
"""Angle above which a gantry counts as tilted; below, it is rounding error."""

SQUARE_TOLERANCE = 0.01
"""Largest relative difference between row and column spacing of a square pixel."""


def unit_orientation(cosines: Sequence[float] | None) -> tuple[float, ...] | None:
    """Accept six direction cosines if they are two perpendicular unit vectors.

    Args:
        cosines: Row direction, then column direction.

    Returns:
        The six numbers, or ``None`` if they do not define a plane.

    >>> unit_orientation([1, 0, 0, 0, 1, 0])
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    >>> unit_orientation([0, 0, 0, 0, 0, 0]) is None
    True
    """
    return None if cosines is None else _unit_orientation(tuple(cosines))


# The slices of a scan share one orientation, and each of them uses it several times.
@lru_cache(maxsize=64)
def _unit_orientation(cosines: tuple[float, ...]) -> tuple[float, ...] | None:
    if len(cosines) != 6 or not np.all(np.isfinite(cosines)):
        return None
    row, column = np.asarray(cosines[:3], float), np.asarray(cosines[3:], float)
    lengths = np.array([np.linalg.norm(row), np.linalg.norm(column)])
    if np.any(np.abs(lengths - 1) > 0.05) or abs(float(row @ column)) > 0.05:
        return None
    return tuple(float(cosine) for cosine in cosines)


@lru_cache(maxsize=64)
def normal(orientation: tuple[float, ...]) -> tuple[float, float, float]:
    """Direction in which slices are stacked, a unit vector that points towards the head.

    >>> normal((1.0, 0.0, 0.0, 0.0, -1.0, 0.0))
    (0.0, 0.0, 1.0)
    """
    across = np.cross(orientation[:3], orientation[3:])
    across = across / np.linalg.norm(across)
    # Positions must increase in the same direction however a file is flipped.
    along = across[np.argmax(np.abs(across))]
    x, y, z = across if along > 0 else -across
    return float(x) + 0.0, float(y) + 0.0, float(z) + 0.0


def position_mm(orientation: tuple[float, ...], origin_mm: Sequence[float]) -> float:
    """Position of a slice along its normal, in mm.

    >>> position_mm((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (-120.0, -80.0, 42.5))
    42.5
    """
    return float(np.dot(normal(orientation), origin_mm))


def tilt_deg(orientation: tuple[float, ...]) -> float:
    """Angle between the slice normal and the patient's long axis, in [0, 90] degrees.

    >>> round(tilt_deg((1.0, 0.0, 0.0, 0.0, 0.9483237, -0.3173047)), 1)
    18.5
    """
    return float(np.degrees(np.arccos(np.clip(abs(normal(orientation)[2]), 0.0, 1.0))))


def check_axial(orientation: tuple[float, ...] | None, *, allow_reformats: bool) -> tuple[str, ...]:
    """Refuse slices that are not axial.

    Args:
        orientation: Direction cosines; an unknown orientation is accepted.
        allow_reformats: Accept every orientation.

    Returns:
        Flags: ``"gantry_tilt"``, ``"reformat"`` or ``"orientation_unknown"``.

    Raises:
        RefusedError: With ``NOT_AXIAL``.

    >>> check_axial((1.0, 0.0, 0.0, 0.0, 0.0, -1.0), allow_reformats=True)
    ('reformat',)
    """
    if orientation is None:
        return ("orientation_unknown",)
    angle = tilt_deg(orientation)
    if angle > MAX_TILT_DEG:
        if allow_reformats:
            return ("reformat",)
        raise RefusedError(
            Reason.NOT_AXIAL,
            f"the slice normal must lie within {MAX_TILT_DEG:g}° of the patient axis, got "
            f"{angle:.0f}°; pass --allow-reformats to score it",
        )
    return ("gantry_tilt",) if angle > TILT_DEG else ()


def check_spacing(spacing_mm: tuple[float, float] | None) -> tuple[str, ...]:
    """Refuse pixels that are not square.

    Args:
        spacing_mm: (row, column) spacing in mm; an unknown spacing is accepted.

    Returns:
        Flags: ``"spacing_unknown"`` or none.

    Raises:
        RefusedError: With ``NON_SQUARE_PIXELS``, or ``CORRUPT`` for an impossible spacing.

    >>> check_spacing((0.7, 0.7))
    ()
    """
    if spacing_mm is None:
        return ("spacing_unknown",)
    row, column = spacing_mm
    if not (0.01 <= row <= 100 and 0.01 <= column <= 100):
        raise RefusedError(
            Reason.CORRUPT, f"pixel spacing must be in 0.01…100 mm, got {row:g} × {column:g}"
        )
    if abs(row - column) > SQUARE_TOLERANCE * max(row, column):
        raise RefusedError(
            Reason.NON_SQUARE_PIXELS,
            f"pixels must be square within {SQUARE_TOLERANCE:.0%}, got {row:g} × {column:g} mm; "
            "export the series as reconstructed, without resampling",
        )
    return ()
