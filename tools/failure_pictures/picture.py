"""A slice, alone or beside another one, as a small picture."""

from __future__ import annotations

import io
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ctiqa.hu import BODY_THRESHOLD_HU, WINDOWS, apply_window
from ctiqa.types import HuImage

if TYPE_CHECKING:
    from PIL.Image import Image

WINDOW = WINDOWS["soft"]

SIDES = (440, 400, 360)
"""Longest side of a panel in pixels; smaller ones are tried for noisy slices."""

MARGIN, GAP = 8, 8
"""Pixels of air around the body, and between two panels."""

MOST_BYTES = 34_000
QUALITIES = (80, 65, 50)
"""Largest file, and the qualities of WebP that are tried for it at every size."""


def picture(left: HuImage, right: HuImage | None = None) -> bytes:
    """A slice, and perhaps another one of its matrix, in the soft-tissue window as WebP.

    Both are cropped to what is body in either of them.

    Raises:
        ValueError: If the file has more than :data:`MOST_BYTES` at every size and quality.
    """
    from PIL import Image  # noqa: PLC0415 - optional

    images = [left] if right is None else [left, right]
    rows, cols = body_box(np.max(images, axis=0))
    panels = [Image.fromarray(_grey(each[rows, cols])) for each in images]
    for side, quality in product(SIDES, QUALITIES):
        data = io.BytesIO()
        _joined(panels, side).save(data, "webp", quality=quality, method=4)
        if data.tell() <= MOST_BYTES:
            return data.getvalue()
    raise ValueError(f"a picture must have at most {MOST_BYTES} bytes, got {data.tell()}")


def body_box(hu: HuImage) -> tuple[slice, slice]:
    """Rows and columns that hold the body, with a margin.

    >>> hu = np.full((64, 64), -1000, np.float32)
    >>> hu[20:30, 40:50] = 40
    >>> body_box(hu)
    (slice(12, 38, None), slice(32, 58, None))
    """
    body = hu > BODY_THRESHOLD_HU
    found = [np.flatnonzero(body.any(axis=axis)) for axis in (1, 0)]
    rows, cols = (slice(max(0, each[0] - MARGIN), each[-1] + MARGIN + 1) for each in found)
    return slice(int(rows.start), int(rows.stop)), slice(int(cols.start), int(cols.stop))


def _grey(hu: HuImage) -> npt.NDArray[np.uint8]:
    return np.round(255 * apply_window(hu, WINDOW)).astype(np.uint8)


def _joined(panels: list[Image], side: int) -> Image:
    from PIL import Image  # noqa: PLC0415 - optional

    factor = side / max(panels[0].size)
    width, height = (round(factor * each) for each in panels[0].size)
    joined = Image.new("L", (len(panels) * (width + GAP) - GAP, height))
    for number, panel in enumerate(panels):
        joined.paste(panel.resize((width, height)), (number * (width + GAP), 0))
    return joined
