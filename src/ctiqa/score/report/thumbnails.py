"""Small images of slices for the report, as PNG embedded in the page."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.errors import RefusedError
from ctiqa.hu import BODY_THRESHOLD_HU, WINDOWS, Window, apply_window, body_mask
from ctiqa.types import HuImage, ScanScore, Slice, SliceHeader, SliceScore

GreyPixels = npt.NDArray[np.uint8]

MAX_SIDE = 512
"""Largest side, in pixels; larger images are averaged down, smaller ones kept to preserve noise."""

MARGIN = 0.03
"""Margin of air around the body, as a fraction of the matrix."""

LUNG_HU = (-950.0, -500.0)
"""Range of CT numbers of aerated lung, inside the body."""

LUNG_SHARE = 0.12
"""The lung window is also shown if lung exceeds this fraction of the body."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Images of one slice of a scan.

    Attributes:
        role: Why it is shown, e.g. ``"Best"``.
        verdict: Its score.
        pictures: ``data:`` URIs by name of the window; empty if the slice cannot be read again.
    """

    role: str
    verdict: SliceScore
    pictures: Mapping[str, str]


def pick_slices(scan: ScanScore) -> list[tuple[str, SliceScore]]:
    """The best, median and worst scored slices; fewer if fewer than three are scored."""
    scored = sorted((s for s in scan.slices if s.score is not None), key=lambda s: s.score or 0.0)
    if len(scored) == 1:
        return [("Slice", scored[0])]
    if len(scored) == 2:
        return [("Best", scored[1]), ("Worst", scored[0])]
    if not scored:
        return []
    middle = scored[(len(scored) - 1) // 2]
    return [("Best", scored[-1]), ("Median", middle), ("Worst", scored[0])]


def make_thumbnails(scan: ScanScore, read: Callable[[SliceHeader], Slice]) -> list[Thumbnail]:
    """Read selected slices of a scan again and make images of them.

    Args:
        scan: Scores of the scan.
        read: Returns the pixels of a slice; may raise RefusedError.
    """
    return [
        Thumbnail(role, verdict, _pictures(verdict.header, read))
        for role, verdict in pick_slices(scan)
    ]


def thumbnail(hu: HuImage, window: Window) -> GreyPixels:
    """Convert a slice to 8-bit grey values, cropped to the body.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        window: Display window.

    Returns:
        uint8 [rows, cols], at most ``MAX_SIDE`` per side.
    """
    brightness = apply_window(_shrink(hu[body_box(hu)]), window)
    return np.round(brightness * 255).astype(np.uint8)


def body_box(hu: HuImage) -> tuple[slice, slice]:
    """Rows and columns that contain the body, with a margin; all of them if there is no body."""
    mask = body_mask(hu)
    if not mask.any():
        return slice(None), slice(None)
    margin = round(MARGIN * max(hu.shape))
    rows, cols = (
        slice(max(int(hits[0]) - margin, 0), int(hits[-1]) + margin + 1)
        for hits in (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    )
    return rows, cols


def shows_lung(hu: HuImage) -> bool:
    """Whether enough of the body is aerated lung for the lung window to be useful."""
    inside = hu[body_mask(hu)]
    if inside.size == 0:
        return False
    low, high = LUNG_HU
    return float(np.mean((inside > low) & (inside < min(high, BODY_THRESHOLD_HU)))) > LUNG_SHARE


def encode_png(grey: GreyPixels) -> bytes:
    r"""Encode 8-bit grey values as a PNG file.

    Args:
        grey: uint8 [rows, cols].

    >>> encode_png(np.zeros((2, 3), dtype=np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    rows, cols = grey.shape
    # Compared with no filter, filter 2 (difference to the row above) halves the size of a CT slice.
    above = np.vstack([np.zeros((1, cols), dtype=np.uint8), grey[:-1]])
    filtered = np.hstack([np.full((rows, 1), 2, dtype=np.uint8), grey - above])
    header = struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def data_uri(grey: GreyPixels) -> str:
    """Encode 8-bit grey values as a ``data:`` URI for a self-contained page."""
    return "data:image/png;base64," + base64.b64encode(encode_png(grey)).decode()


def _pictures(header: SliceHeader, read: Callable[[SliceHeader], Slice]) -> dict[str, str]:
    try:
        hu = read(header).hu
    except RefusedError:
        # The file was removed or changed after scoring; the report says so instead.
        return {}
    names = ("soft", "lung") if shows_lung(hu) else ("soft",)
    return {name: data_uri(thumbnail(hu, WINDOWS[name])) for name in names}


def _shrink(hu: HuImage) -> HuImage:
    factor = -(-max(hu.shape) // MAX_SIDE)
    rows, cols = (side // factor for side in hu.shape)
    blocks = hu[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
