"""The shape of a volume, and checks of the order of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.hu.checks import MIN_MATRIX
from ctiqa.io.volumes.axes import are_alike, odd_one

Shape = tuple[int, int, int]

SLICES, ROWS, COLS = range(3)
ORDER = "[slices, rows, cols]"


def kept_axes(sizes: Sequence[int], leaving: Sequence[int] = ()) -> tuple[int, ...]:
    """Select the spatial axes of a volume.

    Axes of length 1 are removed until three are left: first those known not to be spatial, then the
    last ones.

    Args:
        sizes: Number of voxels along each axis.
        leaving: Axes of length 1 that are not spatial.

    Returns:
        Two or three axes, in order.

    Raises:
        RefusedError: With ``NOT_2D`` if the axes are not two or three, ``CORRUPT`` if one is empty.

    >>> kept_axes((512, 512, 40, 1))
    (0, 1, 2)
    """
    if any(size < 1 for size in sizes):
        raise RefusedError(Reason.CORRUPT, "every axis of a volume must have at least one voxel")
    kept = [axis for axis in range(len(sizes)) if axis not in leaving]
    while len(kept) > 3 and (single := [axis for axis in kept if sizes[axis] == 1]):
        kept.remove(single[-1])
    if not 2 <= len(kept) <= 3:
        raise RefusedError(
            Reason.NOT_2D,
            f"a volume must have 2 or 3 axes longer than 1, got {len(kept)}; split it into volumes",
        )
    return tuple(kept)


def three(sizes: Sequence[int], kept: Sequence[int]) -> Shape:
    """Numbers of voxels along the selected axes; a single slice is a volume of one slice.

    >>> three((512, 512, 1, 1), (0, 1))
    (512, 512, 1)
    """
    width, height, depth = (*(sizes[axis] for axis in kept), 1)[:3]
    return width, height, depth


def doubt_about_order(shape: Shape, spacing_mm: Sequence[float] | None = None) -> str | None:
    """Check that unnamed axes are in the assumed order.

    CT slices are square: if two axes are equal and one differs, slices are stacked along the
    latter; the same holds for spacings. No axis of a slice is shorter than 256.

    Args:
        shape: Numbers of voxels in the order [slices, rows, cols].
        spacing_mm: Spacings in the same order, if known.

    Returns:
        A warning if neither shape nor spacings determine the order, otherwise ``None``.

    Raises:
        RefusedError: With ``NOT_AXIAL`` if the order must be another one.

    >>> doubt_about_order((40, 512, 512))
    >>> doubt_about_order((512, 512, 40))  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ctiqa.errors.RefusedError: ...
    """
    told = {_stacked_by_length(shape), _stacked_by_spacing(spacing_mm)}
    if told - {SLICES, None}:
        raise RefusedError(
            Reason.NOT_AXIAL,
            f"the axes must be {ORDER}, but {_listed(shape)} voxels"
            + (f" of {_listed(spacing_mm)} mm" if spacing_mm else "")
            + " look like slices that are stacked along another axis; transpose the array",
        )
    if told == {None} and min(shape) > 1:
        return f"nothing says which axis is which; {_listed(shape)} was taken for {ORDER}"
    return None


def _stacked_by_length(shape: Shape) -> int | None:
    """The axis along which slices must be stacked, judged by lengths; ``None`` if unclear."""
    short = [axis for axis, length in enumerate(shape) if length < MIN_MATRIX]
    if short:
        # With several short axes no slice is large enough.
        return short[0] if len(short) == 1 else None
    return odd_one(shape, eq)


def _stacked_by_spacing(spacing_mm: Sequence[float] | None) -> int | None:
    return odd_one(spacing_mm, are_alike) if spacing_mm and len(spacing_mm) == 3 else None


def _listed(numbers: Sequence[float]) -> str:
    return " × ".join(f"{number:g}" for number in numbers)
