"""Pixel bits and byte order: which bits of a stored word are the value."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests.corpus import build
from tests.corpus.case import Case, read
from tests.io import make

from ctiqa.errors import Reason

SIGN = (
    "rordenlab/dcm2niix#688, neurolabusc/dcm_qa_12bit, icometrix/dicom2nifti#13, pydicom#2066, "
    "dgobbi/vtk-dicom#134, fo-dicom#187"
)
HIGH_BIT = "innolitics/dicom-numpy#15, ivmartel/dwv#30, fo-dicom#140"
OVERLAY = "pydicom/pydicom#2260"
BYTE_ORDER = "cornerstonejs/cornerstone3D#1016"
UNSAID = "DICOM PS3.5 8.1.1: bits above HighBit may hold anything"

CORRUPT = Reason.CORRUPT
PLAIN = read(build.as_read)
PLAIN_OR_CORRUPT = read(build.as_read, CORRUPT)


def unsigned() -> build.Array:
    """The plain slice as stored by most scanners: HU + 1024."""
    return (build.plain().astype(np.int32) + 1024).astype(np.uint16)


def not_extended(bits: int) -> build.Array:
    """Two's complement of some bits in 16, the bits above them 0."""
    words: build.Array = build.plain().view(np.uint16)
    return words & np.uint16((1 << bits) - 1)


def noisy_above(bits: int) -> build.Array:
    """Two's complement of some bits in 16, the bits above them at random."""
    noise = np.random.default_rng(bits).integers(0, 1 << 16, (512, 512), dtype=np.uint16)
    noisy: build.Array = not_extended(bits) | noise & ~np.uint16((1 << bits) - 1)
    return noisy


def signed_bits(
    folder: Path, bits: int, *, noisy: bool = False, syntax: str = make.EXPLICIT
) -> None:
    """Signed values of some bits that are not extended to 16."""
    stored = noisy_above(bits) if noisy else not_extended(bits)
    build.dicom(
        folder,
        stored,
        syntax=syntax,
        coded_bits=16 if syntax in make.COMPRESSED else None,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=1,
        RescaleIntercept="0",
    )


def shifted(folder: Path, shift: int, *, syntax: str = make.EXPLICIT, low: int = 0) -> None:
    """12 bits moved up in their word, as HighBit says; ``low`` fills the bits below."""
    stored = unsigned() << np.uint16(shift) | np.uint16(low)
    coded_bits = 16 if syntax in make.COMPRESSED else None
    build.dicom(folder, stored, syntax=syntax, coded_bits=coded_bits, HighBit=11 + shift)


def shifted_signed(folder: Path) -> None:
    """Signed 12 bits in the upper part of the word."""
    stored = (build.plain() << 4).view(np.uint16)
    build.dicom(folder, stored, HighBit=15, PixelRepresentation=1, RescaleIntercept="0")


def overlaid(folder: Path, bit: int, syntax: str) -> None:
    """A retired overlay in a bit above the value."""
    mark = np.zeros((512, 512), np.uint16)
    mark[100:140, 100:400] = 1 << bit
    build.dicom(
        folder,
        unsigned() | mark,
        syntax=syntax,
        coded_bits=16 if syntax in make.COMPRESSED else None,
    )


def bytes_unswapped(folder: Path, *, signed: bool, vr: str) -> None:
    """Little-endian pixels in a big-endian file."""
    stored = build.plain() if signed else unsigned()
    kind: dict[str, Any] = {"PixelRepresentation": 1, "RescaleIntercept": "0"} if signed else {}
    build.dicom(
        folder,
        stored.byteswap(),
        syntax=make.BIG_ENDIAN,
        vr=vr,
        BitsStored=16,
        HighBit=15,
        **kind,
    )


def bytes_swapped(folder: Path, vr: str) -> None:
    """Big-endian pixels in a big-endian file."""
    build.dicom(folder, syntax=make.BIG_ENDIAN, vr=vr)


CASES = (
    Case(
        "unsigned 12 bits in 16",
        "nothing: the plain slice",
        PLAIN,
        "TCIA Lung-PET-CT-Dx",
        build.dicom,
    ),
    Case(
        "signed 12 bits in 16, not sign-extended",
        "the four bits above the sign bit are 0",
        PLAIN,
        SIGN,
        partial(signed_bits, bits=12),
    ),
    Case(
        "signed 13 bits in 16, not sign-extended",
        "the three bits above the sign bit are 0",
        PLAIN,
        SIGN,
        partial(signed_bits, bits=13),
    ),
    Case(
        "signed 12 bits, anything above the sign bit",
        "the bits above HighBit are at random",
        PLAIN_OR_CORRUPT,
        UNSAID,
        partial(signed_bits, bits=12, noisy=True),
    ),
    *(
        Case(
            f"signed 12 bits, not sign-extended, {name}",
            "the same behind another transfer syntax",
            PLAIN,
            SIGN,
            partial(signed_bits, bits=12, syntax=syntax),
        )
        for name, syntax in (
            ("big endian", make.BIG_ENDIAN),
            ("implicit", make.IMPLICIT),
            ("deflated", make.DEFLATED),
            ("RLE", make.RLE),
            ("JPEG-LS of 16 bits", make.JPEG_LS),
            ("JPEG 2000 of 16 bits", make.JPEG_2000),
        )
    ),
    Case(
        "signed 12 bits, sign-extended",
        "nothing: as most writers do",
        PLAIN,
        SIGN,
        partial(build.signed, BitsStored=12, HighBit=11),
    ),
    Case(
        "signed flag, 12 bits stored, values above 2047",
        "the header contradicts the values; extending signs would turn them over",
        PLAIN_OR_CORRUPT,
        SIGN,
        partial(build.dicom, PixelRepresentation=1),
    ),
    Case(
        "HighBit 15 of 12 bits",
        "the value sits in the upper 12 bits",
        PLAIN_OR_CORRUPT,
        HIGH_BIT,
        partial(shifted, shift=4),
    ),
    Case(
        "HighBit 13 of 12 bits, ones below",
        "the value sits in the middle, the two lowest bits mean nothing",
        PLAIN_OR_CORRUPT,
        HIGH_BIT,
        partial(shifted, shift=2, low=3),
    ),
    Case(
        "HighBit 15 of 12 bits, big endian",
        "the same in the other byte order",
        PLAIN_OR_CORRUPT,
        HIGH_BIT,
        partial(shifted, shift=4, syntax=make.BIG_ENDIAN),
    ),
    Case(
        "HighBit 15 of 12 bits, RLE",
        "the same after decompression",
        PLAIN_OR_CORRUPT,
        HIGH_BIT,
        partial(shifted, shift=4, syntax=make.RLE),
    ),
    Case(
        "HighBit 15 of signed 12 bits",
        "the same with a sign",
        PLAIN_OR_CORRUPT,
        HIGH_BIT,
        shifted_signed,
    ),
    Case(
        "HighBit 7 of 12 bits",
        "more bits than lie below HighBit: the header contradicts itself",
        PLAIN_OR_CORRUPT,
        HIGH_BIT,
        partial(build.dicom, HighBit=7),
    ),
    Case(
        "HighBit absent",
        "nothing: it is BitsStored - 1",
        PLAIN,
        HIGH_BIT,
        partial(build.dicom, HighBit=None),
    ),
    *(
        Case(
            f"overlay in bit {bit}, {name}",
            "a retired overlay lies in an unused bit of the pixels",
            PLAIN,
            OVERLAY,
            partial(overlaid, bit=bit, syntax=syntax),
        )
        for bit, name, syntax in (
            (12, "uncompressed", make.EXPLICIT),
            (12, "JPEG 2000 of 16 bits", make.JPEG_2000),
            (15, "JPEG 2000 of 16 bits", make.JPEG_2000),
            (12, "JPEG-LS of 16 bits", make.JPEG_LS),
            (13, "RLE", make.RLE),
        )
    ),
    Case(
        "big endian, pixels OB in little endian, signed",
        "bytes (OB) are never swapped, but the syntax says big endian",
        PLAIN_OR_CORRUPT,
        BYTE_ORDER,
        partial(bytes_unswapped, signed=True, vr="OB"),
    ),
    Case(
        "big endian, pixels OB in little endian, unsigned",
        "the same without a sign",
        PLAIN_OR_CORRUPT,
        BYTE_ORDER,
        partial(bytes_unswapped, signed=False, vr="OB"),
    ),
    Case(
        "big endian, pixels OW in little endian",
        "the writer forgot to swap: every value is garbage",
        read(build.as_read, CORRUPT, Reason.NOT_HU),
        BYTE_ORDER,
        partial(bytes_unswapped, signed=True, vr="OW"),
    ),
    Case(
        "big endian, pixels OW in big endian",
        "nothing: as the standard says",
        PLAIN,
        BYTE_ORDER,
        partial(bytes_swapped, vr="OW"),
    ),
    Case(
        "big endian, pixels OB in big endian",
        "the VR is wrong, and the values say so",
        read(build.as_read, CORRUPT, Reason.NOT_HU),
        BYTE_ORDER,
        partial(bytes_swapped, vr="OB"),
    ),
    Case(
        "little endian, pixels OB",
        "nothing but an unusual VR",
        PLAIN,
        BYTE_ORDER,
        partial(build.dicom, vr="OB"),
    ),
)
