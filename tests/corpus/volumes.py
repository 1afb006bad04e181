"""NIfTI: where the voxels lie; and NumPy arrays: which axis stacks the slices."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
from tests.corpus import build
from tests.corpus.case import Case, Right, read, refused

from ctiqa.errors import Reason

PLAIN = read(build.as_read)
UNSUPPORTED = Reason.UNSUPPORTED_TRANSFER_SYNTAX
OFFSET_OF_SFORM = 280
"""Byte position of the sform matrix in NIfTI-1."""

SFORM = "PennLINC/qsiprep#125, nipy/nibabel#182, rordenlab/dcm2niix#186"
AXES = "innolitics/dicom-numpy#16, #26, nipy/nibabel#1293"
SLICER = "Slicer#8707, Slicer#2972"


def nifti_sform(folder: Path, rows: build.Array, *, name: str = "a.nii") -> None:
    """NIfTI with a good qform and an sform that says something else."""
    make_image: object = nibabel.Nifti1Image
    assert callable(make_image)
    image = make_image(build.stack().transpose(2, 1, 0), build.AFFINE)
    image.set_qform(build.AFFINE, code=1)
    image.set_sform(build.AFFINE, code=1)
    content = bytearray(image.to_bytes())
    content[OFFSET_OF_SFORM : OFFSET_OF_SFORM + 48] = rows.astype("<f4").tobytes()
    packed = gzip.compress(content, 1) if name.endswith(".gz") else bytes(content)
    (folder / name).write_bytes(packed)


def nifti_pair(folder: Path, *, magic: bytes = b"ni1\0", packed: bool = False) -> None:
    """NIfTI as a header and an image beside it."""
    content = build.content_of(build.nifti, build.plain())
    header = bytearray(content[:348])
    header[344:348] = magic
    header[108:112] = np.float32(0).tobytes()
    files = {".hdr": bytes(header), ".img": content[352:]}
    for suffix, data in files.items():
        if packed:
            (folder / f"a{suffix}.gz").write_bytes(gzip.compress(data, 1))
        else:
            (folder / f"a{suffix}").write_bytes(data)


def nifti_offset(folder: Path, offset: float) -> None:
    """NIfTI that says its voxels start elsewhere."""
    build.nifti(folder, build.plain(), patches={108: np.float32(offset).tobytes()})


def nifti_of(folder: Path, kind: str) -> None:
    """NIfTI of some type."""
    build.nifti(folder, build.plain().astype(kind))


def nifti_5d(folder: Path) -> None:
    """NIfTI with trailing axes of 1."""
    make_image: object = nibabel.Nifti1Image
    assert callable(make_image)
    voxels = build.stack().transpose(2, 1, 0)[..., np.newaxis, np.newaxis]
    (folder / "a.nii").write_bytes(make_image(voxels, build.AFFINE).to_bytes())


def many() -> build.Array:
    """260 slices of 256 × 256, each a little higher than the last."""
    steps = np.arange(260, dtype=np.int16)[:, None, None] % 7
    return build.plain()[None, 128:384, 128:384] + steps


def many_as_read() -> build.Hu:
    """What is right where the order is found."""
    return np.maximum(many(), -1024).astype(np.float32)


def rows_cols_slices(folder: Path, *, packed: bool) -> None:
    """An array in the order rows, cols, slices."""
    hu = np.ascontiguousarray(many().transpose(1, 2, 0))
    write = build.npz if packed else build.npy
    write(folder, hu)


NOT_UNSAID = (
    read(many_as_read),
    read(many_as_read, warned=True),
    refused(Reason.NOT_2D, Reason.CORRUPT, Reason.NOT_AXIAL, Reason.HU_CONVENTION_UNKNOWN),
)
NEVER_GARBAGE = Right(
    build.as_read, frozenset({Reason.CORRUPT, Reason.TRUNCATED, Reason.NO_PIXELS, UNSUPPORTED})
)


CASES = (
    Case("NIfTI", "nothing", PLAIN, "look-alike", partial(build.nifti, hu=build.plain())),
    Case("NIfTI, trailing axes of 1", "a sequence of one volume", PLAIN, SLICER, nifti_5d),
    Case(
        "NIfTI, sform all zero, qform good",
        "the preferred placement is none",
        PLAIN,
        SFORM,
        partial(nifti_sform, rows=np.zeros(12)),
    ),
    Case(
        "NIfTI.gz, sform all zero, qform good",
        "the same, compressed",
        PLAIN,
        SFORM,
        partial(nifti_sform, rows=np.zeros(12), name="a.nii.gz"),
    ),
    Case(
        "NIfTI, sform of NaN, qform good",
        "the preferred placement is none",
        read(build.as_read, Reason.CORRUPT),
        SFORM,
        partial(nifti_sform, rows=np.full(12, np.nan)),
    ),
    Case(
        "NIfTI, sform with one axis of zero, qform good",
        "the preferred placement is flat",
        read(build.as_read, Reason.CORRUPT),
        SFORM,
        partial(nifti_sform, rows=np.array([-0.65, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0])),
    ),
    Case(
        "NIfTI, only a qform",
        "nothing: the second of two placements",
        PLAIN,
        SFORM,
        partial(build.nifti, hu=build.plain(), sform_code=0, qform_code=1),
    ),
    Case(
        "NIfTI pair .hdr and .img", "header and voxels in two files", PLAIN, "NIfTI-1", nifti_pair
    ),
    Case(
        "NIfTI pair .hdr.gz and .img.gz",
        "the same, compressed",
        (PLAIN, refused(UNSUPPORTED, Reason.UNKNOWN_FORMAT)),
        "NIfTI-1",
        partial(nifti_pair, packed=True),
    ),
    *(
        Case(
            f"NIfTI, voxels said to start at {offset:g}",
            "an offset inside the header: no voxels lie there",
            NEVER_GARBAGE,
            "nipy/nibabel: vox_offset 0 of a single file",
            partial(nifti_offset, offset=offset),
        )
        for offset in (0, 2, -352, 1e9, float("nan"))
    ),
    *(
        Case(
            f"NIfTI of {kind}",
            "only looks wrong: an unusual type",
            PLAIN,
            "look-alike",
            partial(nifti_of, kind=kind),
        )
        for kind in ("int64", "int32", "float64")
    ),
    Case(
        "NPZ in the order rows, cols, slices",
        "the last axis stacks the slices, and no key says so",
        NOT_UNSAID,
        AXES,
        partial(rows_cols_slices, packed=True),
    ),
    Case(
        "NPY in the order rows, cols, slices",
        "the same without a container",
        NOT_UNSAID,
        AXES,
        partial(rows_cols_slices, packed=False),
    ),
)
