"""Small files that unpack to more than memory holds, and headers without end."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from tests.corpus import build
from tests.corpus import dicom_bytes as raw
from tests.corpus.case import Case, read, refused
from tests.corpus.hostile import (
    CORRUPT,
    MB,
    NO_IMAGE,
    OWN,
    small_as_read,
    sparse,
    written,
)
from tests.io import make

from ctiqa.errors import Reason


def zeros(packer: zlib._Compress, megabytes: int) -> bytes:
    """Many packed zeros."""
    return b"".join(packer.compress(bytes(MB)) for _ in range(megabytes))


def deflated_bomb() -> bytes:
    """A deflated DICOM file that unpacks to 640 MB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    head = packer.compress(raw.element(8, 0x60, "CS", b"CT"))
    head += packer.compress(raw.element(9, 0x1001, "UN", b"", length=640 * MB))
    return raw.meta(make.DEFLATED) + head + zeros(packer, 640) + packer.flush()


def gzip_of(head: bytes, megabytes: int) -> bytes:
    """A gzip file of a head and many zeros."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(head) + zeros(packer, megabytes) + packer.flush()


def nifti_head(shape: tuple[int, int, int], offset: float = 352) -> bytes:
    """The header of a NIfTI of 16-bit voxels."""
    make_header: Any = nibabel.Nifti1Header
    header = make_header()
    header.set_data_dtype("i2")
    header.set_data_shape(shape)
    header.set_zooms((0.7, 0.7, 1))
    header["vox_offset"] = offset
    header["magic"] = b"n+1"
    return bytes(header.binaryblock) + bytes(4)


def npz_bomb(folder: Path, member: str) -> None:
    """An NPZ of which one member unpacks to 640 MB."""
    header = "{'descr': '<i2', 'fortran_order': False, 'shape': (1280, 512, 512), }"
    head = np.lib.format.magic(1, 0) + struct.pack("<H", len(header)) + header.encode()
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if member != "hu.npy":
            archive.writestr("hu.npy", build.npy_bytes(build.plain()))
        with archive.open(member, "w", force_zip64=True) as file:
            file.write(head)
            for _ in range(640):
                file.write(bytes(MB))


def zip_bomb(folder: Path) -> None:
    """A ZIP of DICOM whose members unpack to 640 MB."""
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for index in range(4):
            with archive.open(f"{index}.dcm", "w", force_zip64=True) as file:
                file.write(raw.meta() + raw.element(8, 0x60, "CS", b"CT"))
                for _ in range(160):
                    file.write(bytes(MB))


def many_members(folder: Path) -> None:
    """A ZIP of very many empty members."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for index in range(20000):
            archive.writestr(f"{index}.dcm", b"")


def tiff_bomb() -> bytes:
    """A TIFF page of 256 × 256 whose strip unpacks to 640 MB."""
    packer = zlib.compressobj(1)
    data = zeros(packer, 640) + packer.flush()
    return tiff_of(data, 8)


def tiff_of(strip: bytes, compression: int, rows: int = 256) -> bytes:
    """A TIFF of one strip, written by hand."""
    strip += b"\0" * (len(strip) % 2)
    tags = [
        *((256, 4, rows), (257, 4, rows), (258, 3, 16), (259, 3, compression), (262, 3, 1)),
        *((273, 4, 8), (277, 3, 1), (278, 4, rows), (279, 4, len(strip)), (339, 3, 2)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    place = struct.pack("<I", 8 + len(strip))
    return b"II*\0" + place + strip + struct.pack("<H", len(tags)) + entries + bytes(4)


def tiff_loop() -> bytes:
    """A TIFF whose page follows itself."""
    content = tiff_of(raw.small().tobytes(), 1)
    place = struct.unpack("<I", content[4:8])[0]
    return content[:-4] + struct.pack("<I", place)


def packed_header(text: str) -> Callable[[], bytes]:
    """An NRRD or a MetaImage with voxels that unpack to 640 MB."""

    def content() -> bytes:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31 if "NRRD" in text else 15)
        return text.encode() + zeros(packer, 640) + packer.flush()

    return content


NRRD_HEAD = (
    "NRRD0004\ntype: short\ndimension: 3\nsizes: 512 512 1280\nendian: little\n"
    "encoding: gzip\nspacings: 0.7 0.7 1\n\n"
)
META_HEAD = (
    "ObjectType = Image\nNDims = 3\nDimSize = 512 512 1280\nElementType = MET_SHORT\n"
    "ElementSpacing = 0.7 0.7 1\nCompressedData = True\nElementDataFile = LOCAL\n"
)

CASES = (
    Case("deflated DICOM of 640 MB", "a bomb", NO_IMAGE, OWN, written(deflated_bomb)),
    Case(
        "DICOM of 640 MB behind gzip",
        "a bomb",
        NO_IMAGE,
        OWN,
        written(
            lambda: gzip_of(raw.meta() + raw.element(9, 0x1001, "UN", b"", 640 * MB), 640),
            "a.dcm.gz",
        ),
    ),
    Case(
        "NIfTI of 640 MB in 3 MB",
        "nothing but zeros, and more than the header says",
        NO_IMAGE,
        OWN,
        written(lambda: gzip_of(nifti_head((512, 512, 3)), 640), "a.nii.gz"),
    ),
    Case(
        "NIfTI whose voxels start after 640 MB",
        "a bomb before the first voxel",
        NO_IMAGE,
        OWN,
        written(lambda: gzip_of(nifti_head((512, 512, 3), 1e9), 640), "a.nii.gz"),
    ),
    Case(
        "NRRD of 640 MB in 3 MB",
        "a bomb",
        NO_IMAGE,
        OWN,
        written(packed_header(NRRD_HEAD), "a.nrrd"),
    ),
    Case(
        "MetaImage of 640 MB in 3 MB",
        "a bomb",
        NO_IMAGE,
        OWN,
        written(packed_header(META_HEAD), "a.mha"),
    ),
    Case(
        "NPZ of 640 MB in 3 MB",
        "a bomb",
        NO_IMAGE,
        OWN,
        partial(npz_bomb, member="hu.npy"),
    ),
    Case(
        "NPZ whose positions are 640 MB",
        "a bomb beside the image",
        NO_IMAGE,
        OWN,
        partial(npz_bomb, member="z_mm.npy"),
    ),
    Case("ZIP of 640 MB in 3 MB", "a bomb", NO_IMAGE, OWN, zip_bomb),
    Case(
        "ZIP of 20,000 members",
        "a long directory",
        (NO_IMAGE, refused(Reason.EMPTY_FILE)),
        OWN,
        many_members,
    ),
    Case("TIFF of 640 MB in 3 MB", "a bomb", NO_IMAGE, OWN, written(tiff_bomb, "a.tif")),
    Case(
        "TIFF whose page follows itself",
        "a circle",
        read(small_as_read, CORRUPT),
        OWN,
        written(tiff_loop, "a.tif"),
    ),
    Case(
        "NRRD line without end",
        "3 GB without a line end",
        NO_IMAGE,
        OWN,
        lambda folder: sparse(folder / "a.nrrd", b"NRRD0004\ntype: short\n", 3_000_000_000),
    ),
    Case(
        "NRRD of comments without end",
        "lines without end",
        NO_IMAGE,
        OWN,
        written(lambda: b"NRRD0004\n" + b"# x\n" * 3_000_000, "a.nrrd"),
    ),
    Case(
        "MetaImage line without end",
        "3 GB without a line end",
        NO_IMAGE,
        OWN,
        lambda folder: sparse(folder / "a.mha", b"ObjectType = ", 3_000_000_000),
    ),
    Case(
        "NPY header without end",
        "a header said to be 4 GB long",
        NO_IMAGE,
        OWN,
        lambda folder: sparse(folder / "a.npy", b"\x93NUMPY\x02\0\xff\xff\xff\xff{", 3_000_000_000),
    ),
)
