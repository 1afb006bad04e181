"""The colour bar beside a map, with its labels in HU."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.score.maps.colours import STEPS, TICKS_HU, scale
from ctiqa.score.png import Pixels8

WIDTH = 96
"""Width of the strip to the right of a slice, in pixels."""

TITLE, UNIT = "LOCAL NOISE", "HU"

_LEFT, _THICK, _LABELS = 12, 16, 34
"""Columns: left edge of the bar, its thickness, left edge of the labels."""

_TOP, _BOTTOM = 40, 24
"""Distance of the bar from the upper and lower edge, in pixels."""

_ZOOM = 2
_LIGHT = 220
"""Grey value of the letters."""

_GLYPHS = {
    "1": "04 0c 04 04 04 04 0e",
    "2": "0e 11 01 02 04 08 1f",
    "3": "1f 02 04 02 01 11 0e",
    "4": "02 06 0a 12 1f 02 02",
    "6": "06 08 10 1e 11 11 0e",
    "8": "0e 11 11 0e 11 11 0e",
    "A": "0e 11 11 1f 11 11 11",
    "C": "0e 11 10 10 10 11 0e",
    "E": "1f 10 10 1e 10 10 1f",
    "H": "11 11 11 1f 11 11 11",
    "I": "0e 04 04 04 04 04 0e",
    "L": "10 10 10 10 10 10 1f",
    "N": "11 11 19 15 13 11 11",
    "O": "0e 11 11 11 11 11 0e",
    "S": "0f 10 10 0e 01 01 1e",
    "U": "11 11 11 11 11 11 0e",
    " ": "00 00 00 00 00 00 00",
}
"""Letters of 5 × 7 pixels: seven rows, the leftmost pixel in bit 4."""


def with_colour_bar(picture: Pixels8) -> Pixels8:
    """A map with a strip to its right that shows the colour scale in HU.

    Args:
        picture: RGB, uint8 [rows, cols, 3].

    Returns:
        RGB, uint8 [rows, cols + :data:`WIDTH`, 3].
    """
    rows = picture.shape[0]
    strip = np.zeros((rows, WIDTH, 3), dtype=np.uint8)
    length = rows - _TOP - _BOTTOM
    steps = np.linspace(STEPS - 1, 0, length).round().astype(int)
    strip[_TOP : _TOP + length, _LEFT : _LEFT + _THICK] = scale()[steps, np.newaxis]
    for number, tick in enumerate(reversed(TICKS_HU)):
        middle = _TOP + round((length - 1) * number / (len(TICKS_HU) - 1))
        _put(strip, letters(str(tick)), middle, _LABELS)
    _put(strip, letters(UNIT), _TOP // 2, _LABELS)
    upward = np.rot90(letters(TITLE))
    _put(strip, upward, _TOP + length // 2, WIDTH - upward.shape[1] - 4)
    return np.concatenate([picture, strip], axis=1)


def letters(text: str) -> npt.NDArray[np.bool_]:
    """A text as pixels, with a blank column between letters.

    >>> for row in letters("L")[::2, ::2].tolist():
    ...     print("".join("#" if pixel else "." for pixel in row))
    #....
    #....
    #....
    #....
    #....
    #....
    #####
    """
    glyphs = [_glyph(letter) for letter in text]
    gaps = [np.pad(glyph, ((0, 0), (0, 1))) for glyph in glyphs[:-1]]
    joined = np.concatenate([*gaps, glyphs[-1]], axis=1)
    return joined.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)


def _glyph(letter: str) -> npt.NDArray[np.bool_]:
    rows = np.array([list(bytes.fromhex(_GLYPHS[letter]))], dtype=np.uint8).T
    return np.unpackbits(rows, axis=1)[:, 3:].astype(bool)


def _put(strip: Pixels8, text: npt.NDArray[np.bool_], middle: int, left: int) -> None:
    """Draw a text, vertically centred."""
    height, width = text.shape
    top = middle - height // 2
    strip[top : top + height, left : left + width][text] = _LIGHT
