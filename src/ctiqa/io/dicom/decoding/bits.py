"""The bits of a stored pixel that carry its value (PS3.5 section 8.1.1)."""

from __future__ import annotations

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.layout import Layout
from ctiqa.io.hu.checks import Stored


def values_of(stored: Stored, layout: Layout) -> Stored:
    """Take the value out of each pixel cell, whatever stands in its other bits.

    Retired overlays live in the unused bits, and nobody has to extend a sign into them.

    Args:
        stored: Pixel cells, integer [rows, cols], of the sign that the layout says.
        layout: Which bits carry the value.

    Returns:
        Values, integer [rows, cols].

    Raises:
        RefusedError: With ``CORRUPT`` where the bits contradict the layout.

    >>> twelve = Layout(1, 2, 1, 16, 12, 11, False, "MONOCHROME2")
    >>> values_of(np.uint16([[0x1005, 7]]), twelve).tolist()
    [[5, 7]]
    """
    bits = 8 * stored.dtype.itemsize
    if layout.bits_stored >= bits:
        return stored
    cells = stored.view(np.dtype(f"u{stored.dtype.itemsize}"))
    if (shift := layout.high_bit + 1 - layout.bits_stored) > 0:
        cells = _shifted(cells, shift, layout)
    values = cells & np.asarray((1 << layout.bits_stored) - 1, cells.dtype)
    if not layout.signed:
        return np.asarray(values)
    return _signed(cells, np.asarray(values), layout.bits_stored)


def _shifted(cells: Stored, shift: int, layout: Layout) -> Stored:
    """Cells whose value does not begin at their lowest bit."""
    if np.any(cells & np.asarray((1 << shift) - 1, cells.dtype)):
        raise RefusedError(
            Reason.CORRUPT,
            f"'HighBit' is {layout.high_bit} with {layout.bits_stored} bits stored, but the "
            f"lowest {shift} bits, which should be empty, are not",
        )
    return np.asarray(cells >> shift)


def _signed(cells: Stored, values: Stored, bits: int) -> Stored:
    """Two's complement of ``bits`` bits, whether its sign was extended into the cell or not."""
    kind = np.dtype(f"i{cells.dtype.itemsize}")
    negative = values >> (bits - 1)
    extended = values.view(kind) - (negative.astype(kind) << bits)
    rest = cells >> bits
    full = (1 << (8 * cells.dtype.itemsize - bits)) - 1
    if np.array_equal(rest, negative * np.asarray(full, cells.dtype)):
        return np.asarray(extended)
    _check_sign(rest, values, negative.astype(bool), bits, full)
    return np.asarray(extended)


def _check_sign(rest: Stored, values: Stored, negative: Stored, bits: int, full: int) -> None:
    """Refuse numbers too large for the bits that they are said to have.

    Without an extended sign nothing tells -1 from the largest number, but for this: where there
    are negative CT numbers, there are some a little below 0.
    """
    if not rest.any():
        just_below_zero = (1 << bits) - (1 << max(bits - 4, 0))
        contradicts = not np.any(values >= just_below_zero)
    else:
        # Extended in some pixels and not in others: those are positive, and too large.
        contradicts = bool(np.all((rest == 0) | (negative & (rest == full))))
    if contradicts:
        raise RefusedError(
            Reason.CORRUPT,
            f"'BitsStored' is {bits} for signed pixels, but some are above {(1 << (bits - 1)) - 1}",
        )
