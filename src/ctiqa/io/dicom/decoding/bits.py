"""The bits of a stored pixel that carry its value (PS3.5 section 8.1.1)."""

from __future__ import annotations

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.layout import Layout
from ctiqa.io.hu.checks import Stored


def values_of(stored: Stored, layout: Layout) -> Stored:
    """Extract the value from each pixel cell, ignoring the other bits.

    The unused bits may contain retired overlays, and the sign need not be extended into them.

    Args:
        stored: Pixel cells, integer [rows, cols], with the signedness of the layout.
        layout: Storage of the pixels.

    Returns:
        Values, integer [rows, cols].

    Raises:
        RefusedError: With ``CORRUPT`` if the bits contradict the layout.

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
    """Shift values that do not start at the lowest bit of their cell."""
    if np.any(cells & np.asarray((1 << shift) - 1, cells.dtype)):
        raise RefusedError(
            Reason.CORRUPT,
            f"'HighBit' is {layout.high_bit} with {layout.bits_stored} bits stored, but the "
            f"lowest {shift} bits, which should be empty, are not",
        )
    return np.asarray(cells >> shift)


def _signed(cells: Stored, values: Stored, bits: int) -> Stored:
    """Two's complement of ``bits`` bits, whether or not its sign was extended into the cell."""
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
    """Refuse numbers too large for the declared number of bits.

    Without sign extension, -1 and the largest number look the same. But an image with negative CT
    numbers always has some slightly below 0.
    """
    if not rest.any():
        just_below_zero = (1 << bits) - (1 << max(bits - 4, 0))
        contradicts = not np.any(values >= just_below_zero)
    else:
        # The sign is extended in some pixels only: the others are positive, and too large.
        contradicts = bool(np.all((rest == 0) | (negative & (rest == full))))
    if contradicts:
        raise RefusedError(
            Reason.CORRUPT,
            f"'BitsStored' is {bits} for signed pixels, but some are above {(1 << (bits - 1)) - 1}",
        )
