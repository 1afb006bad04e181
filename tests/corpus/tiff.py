"""TIFF: pages, series and types."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from tests.corpus import build
from tests.corpus.case import Case, Right, read, refused

from ctiqa.errors import Reason
from ctiqa.io import ReadOptions

PLAIN = read(build.as_read)
IN_ONE_IFD = "cgohlke/tifffile#108, #30, imageio#558"
PREVIEW = "imageio#558"
FLOATS = "PolusAI/nyxus#369"
UNKNOWN = Reason.HU_CONVENTION_UNKNOWN


def four() -> build.Hu:
    """Four slices, as they must be read."""
    return build.stack(4).astype(np.float32)


def pages(folder: Path, hu: build.Array, **how: Any) -> None:
    """Write an array as TIFF."""
    tifffile.imwrite(folder / "a.tif", hu, photometric="minisblack", **how)


def with_preview(folder: Path, *, first: bool, kind: str = "i2") -> None:
    """A small picture before or after the slice."""
    preview = build.plain()[::8, ::8].astype(kind)
    both = (preview, build.plain()) if first else (build.plain(), preview)
    with tifffile.TiffWriter(folder / "a.tif") as writer:
        for picture in both:
            writer.write(picture, photometric="minisblack")


def two_series(folder: Path) -> None:
    """Two stacks of one matrix in one file."""
    with tifffile.TiffWriter(folder / "a.tif") as writer:
        writer.write(build.stack(4)[:2], photometric="minisblack")
        writer.write(build.stack(4)[2:], photometric="minisblack")


def strips_at_zero(folder: Path) -> None:
    """Strip offsets of 0: the pixels would be the header itself."""
    pages(folder, build.plain(), rowsperstrip=512)
    content = bytearray((folder / "a.tif").read_bytes())
    with tifffile.TiffFile(folder / "a.tif") as file:
        page: Any = file.pages[0]
        place = page.tags["StripOffsets"].offset + 8
    struct.pack_into("<I", content, place, 0)
    (folder / "a.tif").write_bytes(content)


def brightness() -> build.Array:
    """Brightness in [0, 1] as in LDCTIQAC2023."""
    return ((np.clip(build.plain(), -1000, 400) + 1000) / 1400).astype(np.float32)


def brightness_as_read() -> build.Hu:
    """What the user's word makes of it."""
    return np.clip(build.plain()[None], -1000, 400).astype(np.float32)


FEWER_ARE_SAID = Right(four, frozenset({Reason.UNSUPPORTED_TRANSFER_SYNTAX, Reason.CORRUPT}))

CASES = (
    Case("TIFF of one page", "nothing", PLAIN, "look-alike", partial(pages, hu=build.plain())),
    Case(
        "TIFF of four pages", "nothing", read(four), "look-alike", partial(pages, hu=build.stack(4))
    ),
    Case(
        "TIFF of four slices in one IFD",
        "one page is described, four lie behind one another",
        FEWER_ARE_SAID,
        IN_ONE_IFD,
        partial(pages, hu=build.stack(4), truncate=True),
    ),
    Case(
        "TIFF of four slices in one IFD, big",
        "the same as BigTIFF",
        FEWER_ARE_SAID,
        IN_ONE_IFD,
        partial(pages, hu=build.stack(4), truncate=True, bigtiff=True),
    ),
    Case(
        "TIFF of four slices as ImageJ writes them",
        "above 4 GB ImageJ describes the first page and counts the others",
        FEWER_ARE_SAID,
        IN_ONE_IFD,
        partial(pages, hu=build.stack(4).astype("f4"), truncate=True, imagej=True),
    ),
    Case(
        "TIFF, preview first",
        "a small picture precedes the slice",
        read(build.as_read, beside=[Reason.TOO_SMALL]),
        PREVIEW,
        partial(with_preview, first=True),
    ),
    Case(
        "TIFF, preview last",
        "a small picture follows the slice",
        read(build.as_read, beside=[Reason.TOO_SMALL]),
        PREVIEW,
        partial(with_preview, first=False),
    ),
    Case(
        "TIFF, preview of 8 bits first",
        "a small picture of another type precedes the slice",
        read(build.as_read, beside=[Reason.TOO_SMALL]),
        PREVIEW,
        partial(with_preview, first=True, kind="u1"),
    ),
    Case("TIFF of two stacks", "two series of two pages", read(four), IN_ONE_IFD, two_series),
    *(
        Case(
            f"TIFF of {kind} in HU{', '.join(['', *how])}",
            "only looks wrong: ImageJ's 32-bit pictures are floats",
            PLAIN,
            FLOATS,
            partial(pages, hu=build.plain().astype(kind), **how),
        )
        for kind, how in (
            ("f4", {}),
            ("f8", {}),
            ("i4", {}),
            ("f4", {"bigtiff": True}),
            ("f4", {"compression": "zlib"}),
            (">f4", {"byteorder": ">"}),
        )
    ),
    Case(
        "TIFF of floats in [0, 1]",
        "brightness, and nobody vouches for its meaning",
        refused(UNKNOWN),
        "LDCTIQAC2023",
        partial(pages, hu=brightness()),
    ),
    Case(
        "TIFF of floats in [0, 1], with the user's word",
        "brightness, and the user says what it means",
        read(brightness_as_read),
        "LDCTIQAC2023",
        partial(pages, hu=brightness()),
        ReadOptions(tiff_hu=True),
    ),
    Case(
        "TIFF, strips at 0",
        "the pixels would be the header itself",
        refused(Reason.CORRUPT, Reason.NO_PIXELS, Reason.TRUNCATED),
        "kind of NIfTI vox_offset 0",
        strips_at_zero,
    ),
    Case(
        "TIFF in colour",
        "three values a pixel",
        refused(Reason.COLOUR),
        "look-alike",
        lambda folder: tifffile.imwrite(
            folder / "a.tif", np.zeros((300, 300, 3), "u1"), photometric="rgb"
        ),
    ),
)
