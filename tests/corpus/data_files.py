"""NRRD and MetaImage: which file holds the voxels, where they lie in it, and of what type."""

from __future__ import annotations

import gzip
import zlib
from functools import partial
from pathlib import Path

import numpy as np
from tests.corpus import build
from tests.corpus.case import Case, read, refused

from ctiqa.errors import Reason

PLAIN = read(build.as_read)
UNSUPPORTED = Reason.UNSUPPORTED_TRANSFER_SYNTAX

NRRD_DATA = "NRRD format, detached headers; mhe/pynrrd#12, DIAGNijmegen/rse-panimg#47"
META_SKIP = "BioMedIA/deepali#148, 3dct/open_iA#7, MetaIO documentation"
SLICER = "Slicer#8707, Slicer#2972"


def two() -> build.Hu:
    """Two slices, as they must be read."""
    return build.stack(2).astype(np.float32)


TWO = read(two)


def short(hu: build.Array) -> bytes:
    """HU as little-endian 16-bit words."""
    return hu.astype("<i2").tobytes()


def nrrd_beside(folder: Path, name: str, *lines: str, prefix: bytes = b"") -> None:
    """A detached NRRD whose data file is called by some name."""
    (folder / "ct.raw").write_bytes(prefix + short(build.plain()))
    build.nrrd_header(folder, *lines, f"data file: {name}")


def nrrd_of_slices(folder: Path, *lines: str) -> None:
    """A detached NRRD with one data file a slice."""
    for number, hu in enumerate(build.stack(2), start=1):
        (folder / f"s{number:02d}.raw").write_bytes(short(hu))
    build.nrrd_header(folder, *lines, sizes="512 512 2")


def nrrd_gzip(folder: Path) -> None:
    """A detached NRRD with gzip."""
    (folder / "ct.raw.gz").write_bytes(gzip.compress(short(build.plain()), 1))
    build.nrrd_header(folder, "encoding: gzip", "data file: ./ct.raw.gz")


def nrrd_of(folder: Path, kind: str) -> None:
    """An NRRD of some type."""
    build.nrrd_file(folder, build.plain().astype(kind))


def nrrd_4d(folder: Path) -> None:
    """An NRRD with a fourth axis of 1."""
    (folder / "ct.raw").write_bytes(short(build.plain()))
    build.nrrd_header(
        folder,
        "dimension: 4",
        "space directions: (0.65,0,0) (0,0.65,0) (0,0,8) none",
        "kinds: domain domain domain list",
        "data file: ct.raw",
        sizes="512 512 1 1",
    )


def meta_beside(folder: Path, name: str, prefix: bytes = b"", **fields: str) -> None:
    """A MetaImage header with its data file beside it."""
    data = short(build.plain())
    if fields.get("CompressedData") == "True":
        data = zlib.compress(data, 1)
    (folder / "ct.raw").write_bytes(prefix + data)
    (folder / "a.mhd").write_bytes(build.meta_header(build.plain(), name, **fields))


def meta_of_slices(folder: Path, names: str) -> None:
    """A MetaImage header with one data file a slice."""
    for number, hu in enumerate(build.stack(2), start=1):
        (folder / f"s{number:02d}.raw").write_bytes(short(hu))
    (folder / "a.mhd").write_bytes(build.meta_header(build.stack(2), names))


def meta_4d(folder: Path) -> None:
    """A MetaImage with a fourth axis of 1."""
    build.metaimage(
        folder,
        build.plain(),
        NDims="4",
        DimSize="512 512 1 1",
        ElementSpacing="0.65 0.65 8 1",
        Offset="0 0 0 0",
        TransformMatrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
    )


def meta_end(folder: Path) -> None:
    """A MetaImage in one file whose voxels are its last bytes."""
    path = build.metaimage(folder, build.plain(), HeaderSize="-1")
    content = path.read_bytes()
    path.write_bytes(content[:-524288] + b"\n" * 77 + content[-524288:])


CASES = (
    Case(
        "NRRD, data file ./ct.raw",
        "a path relative to the header, which is valid",
        PLAIN,
        NRRD_DATA,
        partial(nrrd_beside, name="./ct.raw"),
    ),
    Case(
        "NRRD, data file ./ct.raw.gz",
        "the same, compressed",
        PLAIN,
        NRRD_DATA,
        nrrd_gzip,
    ),
    Case(
        "NRRD, data file LIST",
        "one file a slice, named one by one",
        (TWO, refused(UNSUPPORTED)),
        NRRD_DATA,
        lambda folder: nrrd_of_slices(folder, "data file: LIST", "s01.raw", "s02.raw"),
    ),
    Case(
        "NRRD, data file LIST 2",
        "the same, saying how many axes a file has",
        (TWO, refused(UNSUPPORTED)),
        NRRD_DATA,
        lambda folder: nrrd_of_slices(folder, "data file: LIST 2", "s01.raw", "./s02.raw"),
    ),
    Case(
        "NRRD, data file s%02d.raw 1 2 1",
        "one file a slice, named by a pattern",
        (TWO, refused(UNSUPPORTED)),
        NRRD_DATA,
        lambda folder: nrrd_of_slices(folder, "data file: s%02d.raw 1 2 1"),
    ),
    Case(
        "NRRD, byte skip -1",
        "the voxels are the last bytes of the data file",
        PLAIN,
        NRRD_DATA,
        lambda folder: nrrd_beside(folder, "ct.raw", "byte skip: -1", prefix=b"x" * 77),
    ),
    Case(
        "NRRD, byte skip 77",
        "a header of another kind precedes the voxels",
        (PLAIN, refused(UNSUPPORTED)),
        NRRD_DATA,
        lambda folder: nrrd_beside(folder, "ct.raw", "byte skip: 77", prefix=b"x" * 77),
    ),
    Case(
        "NRRD, data file in another folder",
        "a name that leads out of the folder",
        refused(UNSUPPORTED, Reason.NO_PIXELS),
        NRRD_DATA,
        lambda folder: build.nrrd_header(folder, "data file: ../../etc/passwd"),
    ),
    *(
        Case(
            f"NRRD of {kind}",
            "only looks wrong: a type that numpy writes by default",
            PLAIN,
            "pynrrd default dtype; SimpleITK sitkInt64",
            partial(nrrd_of, kind=kind),
        )
        for kind in ("int64", "int32", "float32", "float64", ">i2")
    ),
    Case("NRRD, fourth axis of 1", "a sequence of one volume", PLAIN, SLICER, nrrd_4d),
    Case("MetaImage, fourth axis of 1", "a sequence of one volume", PLAIN, SLICER, meta_4d),
    Case(
        "MetaImage, HeaderSize -1",
        "the voxels are the last bytes of the data file",
        PLAIN,
        META_SKIP,
        partial(meta_beside, name="ct.raw", prefix=b"x" * 77, HeaderSize="-1"),
    ),
    Case(
        "MetaImage, HeaderSize 77",
        "a header of another kind precedes the voxels",
        PLAIN,
        META_SKIP,
        partial(meta_beside, name="ct.raw", prefix=b"x" * 77, HeaderSize="77"),
    ),
    Case(
        "MetaImage in one file, HeaderSize -1",
        "the voxels are its last bytes",
        (PLAIN, refused(UNSUPPORTED, Reason.CORRUPT)),
        META_SKIP,
        meta_end,
    ),
    Case(
        "MetaImage, data file ./ct.raw",
        "a path relative to the header, which is valid",
        PLAIN,
        META_SKIP,
        partial(meta_beside, name="./ct.raw"),
    ),
    Case(
        "MetaImage, compressed data file ./ct.raw",
        "the same, compressed",
        PLAIN,
        META_SKIP,
        partial(meta_beside, name="./ct.raw", CompressedData="True"),
    ),
    Case(
        "MetaImage, data file LIST",
        "one file a slice, named one by one",
        (TWO, refused(UNSUPPORTED)),
        META_SKIP,
        partial(meta_of_slices, names="LIST\ns01.raw\ns02.raw"),
    ),
    Case(
        "MetaImage, data file s%02d.raw 1 2 1",
        "one file a slice, named by a pattern",
        (TWO, refused(UNSUPPORTED)),
        META_SKIP,
        partial(meta_of_slices, names="s%02d.raw 1 2 1"),
    ),
)
