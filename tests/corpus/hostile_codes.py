"""Compressed pixels that crash a decoder, hang it, or make it ask for all memory."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

import numpy as np
from tests.corpus import build, compressed
from tests.corpus import dicom_bytes as raw
from tests.corpus.case import Case, Right, refused
from tests.corpus.hostile import (
    DAMAGED,
    written,
)
from tests.io import make

from ctiqa.errors import Reason


def coded(syntax: str, change: Callable[[bytes], bytes]) -> bytes:
    """The slice compressed, and its code changed."""
    content = build.content_of(
        build.dicom, (raw.small().astype("i4") + 1024).astype("u2"), syntax=syntax
    )
    return raw.recoded(content, change)


def half(code: bytes) -> bytes:
    """A code that ends early."""
    return code[: len(code) // 2]


def half_and_zeros(code: bytes) -> bytes:
    """A code that ends early and is filled up to its old length."""
    return half(code).ljust(len(code), b"\0")


def overfull_table(code: bytes) -> bytes:
    """A Huffman table that announces 255 codes of two bits."""
    place = code.index(b"\xff\xc4") + 6
    return code[:place] + b"\xff" + code[place + 1 :]


def unknown_lengths(code: bytes) -> bytes:
    """A Huffman table whose categories are beyond 16 bits."""
    place = code.index(b"\xff\xc4")
    length: int = struct.unpack(">H", code[place + 2 : place + 4])[0]
    return code[: place + 21] + b"\xff" * (length - 19) + code[place + 2 + length :]


def noise_in_scan(code: bytes) -> bytes:
    """Random bytes in the middle of the entropy-coded part."""
    noise = np.random.default_rng(3).bytes(400)
    middle = len(code) // 2
    return code[:middle] + noise + code[middle + 400 :]


def huge_matrix(code: bytes) -> bytes:
    """A code that announces 60,000 × 60,000 pixels."""
    for marker in (b"\xff\xc3", b"\xff\xc1", b"\xff\xc2", b"\xff\xf7"):
        if (place := code.find(marker)) >= 0:
            return code[: place + 5] + struct.pack(">HH", 60000, 60000) + code[place + 9 :]
    return code[:8] + struct.pack(">II", 60000, 60000) + code[16:]


def filled(code: bytes) -> bytes:
    """Fill bytes before the marker, as the standard permits, and a huge matrix behind it."""
    markers = (b"\xff\xc3", b"\xff\xc1", b"\xff\xf7")
    place = next(found for marker in markers if (found := code.find(marker)) >= 0)
    return code[:place] + b"\xff" * 7 + huge_matrix(code[place:])


SYNTAXES = {
    "JPEG lossless": compressed.JPEG_LOSSLESS,
    "JPEG of 12 bits": compressed.JPEG_EXTENDED,
    "JPEG of 12 bits by spectral selection": compressed.JPEG_SPECTRAL,
    "JPEG-LS": make.JPEG_LS,
    "JPEG 2000": make.JPEG_2000,
    "RLE": make.RLE,
}
REFUSED = refused(*DAMAGED.reasons, Reason.NOT_HU)
UNTOLD = Right(reasons=REFUSED.reasons, untold=True)
"""Few codes carry a checksum; where none does, pixels that were altered may pass."""

CODES: tuple[tuple[str, str, Callable[[bytes], bytes], Right], ...] = (
    *((name, "cut in half", half, REFUSED) for name in SYNTAXES),
    *((name, "cut in half and filled up", half_and_zeros, UNTOLD) for name in SYNTAXES),
    *((name, "with noise inside", noise_in_scan, UNTOLD) for name in SYNTAXES),
    *((name, "of a huge matrix", huge_matrix, REFUSED) for name in SYNTAXES if name != "RLE"),
    ("JPEG lossless", "with an overfull table", overfull_table, REFUSED),
    ("JPEG of 12 bits", "with an overfull table", overfull_table, REFUSED),
    ("JPEG lossless", "with categories beyond 16 bits", unknown_lengths, REFUSED),
    ("JPEG of 12 bits", "with categories beyond 16 bits", unknown_lengths, REFUSED),
    ("JPEG lossless", "of a huge matrix behind fill bytes", filled, REFUSED),
    ("JPEG-LS", "of a huge matrix behind fill bytes", filled, REFUSED),
)

CASES = tuple(
    Case(
        f"{name} {what}",
        "a decoder may crash, hang or make pixels up; that costs this file alone",
        right,
        "attacks: abort, segmentation fault and hang of decoders",
        written(partial(coded, SYNTAXES[name], change)),
    )
    for name, what, change, right in CODES
)
