"""Altered bytes that only a checksum tells: what was read would be another image."""

from __future__ import annotations

import gzip
import zlib
from functools import partial
from pathlib import Path

from tests.corpus import build
from tests.corpus.case import Case, refused
from tests.corpus.hostile import (
    CORRUPT,
    OWN,
)


def wrong_checksum(folder: Path, name: str, place: int) -> None:
    """A gzip file with stored blocks whose voxels or checksum were altered."""
    content = build.content_of(build.nifti, build.plain())
    packed = bytearray(gzip.compress(content, 0))
    for index in range(40):
        packed[place + index if place >= 0 else len(packed) + place] ^= 1
        if place < 0:
            break
    (folder / name).write_bytes(packed)


def wrong_zlib(folder: Path) -> None:
    """A compressed MetaImage with a wrong checksum."""
    packed = bytearray(zlib.compress(build.plain().tobytes(), 1))
    packed[-1] ^= 1
    head = build.meta_header(build.plain(), CompressedData="True")
    (folder / "a.mha").write_bytes(head + packed)


def wrong_nrrd(folder: Path) -> None:
    """A compressed NRRD with a wrong checksum."""
    path = build.nrrd_file(folder, build.plain(), encoding="gzip")
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def wrong_npz(folder: Path) -> None:
    """An NPZ with an altered voxel."""
    path = build.npz(folder, build.plain())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def wrong_gzip_dicom(folder: Path) -> None:
    """A DICOM file behind gzip with a wrong checksum."""
    packed = bytearray(gzip.compress(build.content_of(build.dicom), 1))
    packed[-5] ^= 1
    (folder / "a.dcm.gz").write_bytes(packed)


CASES = (
    *(
        Case(
            f"NIfTI.gz, {what}",
            "gzip's checksum says so",
            refused(CORRUPT),
            OWN,
            partial(wrong_checksum, name="a.nii.gz", place=place),
        )
        for what, place in (
            ("voxels altered", 200_000),
            ("checksum altered", -5),
            ("length altered", -1),
        )
    ),
    Case(
        "MetaImage, checksum altered", "zlib's checksum says so", refused(CORRUPT), OWN, wrong_zlib
    ),
    Case("NRRD, checksum altered", "gzip's checksum says so", refused(CORRUPT), OWN, wrong_nrrd),
    Case("NPZ, voxel altered", "ZIP's checksum says so", refused(CORRUPT), OWN, wrong_npz),
    Case(
        "DICOM.gz, checksum altered",
        "gzip's checksum says so",
        refused(CORRUPT),
        OWN,
        wrong_gzip_dicom,
    ),
)
