"""The plain slice of the corpus, and writers that wrap pixels in every format.

The plain slice is the last one of the example scan that comes with the package (CC BY 4.0, TCIA
Lung-PET-CT-Dx, ``src/ctiqa/assets/README.md``): it scores 3.5, so that a score moves both ways
when its HU are read wrongly. No file is kept here; every case is made of it when the test runs.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import numpy.typing as npt
import tifffile
from pydicom import FileMetaDataset, dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import UID
from tests.corpus import compressed
from tests.io import make

import ctiqa

Array = npt.NDArray[Any]
Hu = npt.NDArray[np.float32]

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"
SPACING_MM = 0.646484375
AFFINE = np.diag([-SPACING_MM, -SPACING_MM, 8.0, 1.0])


@cache
def stack(count: int = 1) -> Array:
    """The last slices of the example scan in z order of a file, int16 HU [slice, rows, cols]."""
    slices = [dcmread(EXAMPLE / f"{10 - index:02d}.dcm").pixel_array for index in range(count)]
    hu: Array = np.stack(slices).astype(np.int16) - np.int16(1024)
    hu.flags.writeable = False
    return hu


def plain() -> Array:
    """The plain slice, int16 HU [rows, cols], -1024 to 1191."""
    first: Array = stack()[0]
    return first


def as_read() -> Hu:
    """What a reader must make of the plain slice, float32 [1, rows, cols]."""
    return stack().astype(np.float32)


def outside() -> npt.NDArray[np.bool_]:
    """The corners that a round field of view leaves empty."""
    y, x = np.mgrid[-256:256, -256:256]
    return np.asarray(np.hypot(y, x) > 252)


def padded(value: float) -> Array:
    """The plain slice with one value outside the round field of view, float64."""
    return np.where(outside(), value, plain())


def padded_as_read() -> Hu:
    """What a reader must make of :func:`padded`, whatever the value below air was."""
    return padded(-1024)[None].astype(np.float32)


def within_the_body() -> Array:
    """256 × 256 pixels inside a body, int16 HU: nothing lies below -203, as in a spine or heart."""
    part = plain()[150:406, 128:384]
    noise = np.random.default_rng(5).normal(45, 14, part.shape).round()
    return np.where(part < -203, noise, part).astype(np.int16)


def dicom(
    folder: Path,
    stored: Array | None = None,
    *,
    name: str = "a.dcm",
    syntax: str = make.EXPLICIT,
    coded_bits: int | None = None,
    vr: str = "OW",
    **tags: Any,
) -> Path:
    """Write stored values as they are; unsigned 12 bits with intercept -1024 unless tags differ.

    Args:
        folder: Where to.
        stored: Pixels as stored, [rows, cols] or [frame, rows, cols]; ``None`` for the plain ones.
        name: Name of the file.
        syntax: Transfer syntax UID.
        coded_bits: Precision of a compressed stream, where it differs from BitsStored.
        vr: Value representation of PixelData.
        tags: Elements by keyword; ``None`` leaves one out.
    """
    if stored is None:
        stored = (plain().astype(np.int32) + 1024).astype(np.uint16)
    ds = _dataset(stored, tags)
    coded = syntax in make.COMPRESSED or syntax in compressed.BY_GDCM
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(make.EXPLICIT if coded else syntax)
    ds.file_meta.MediaStorageSOPClassUID = UID(make.CT_CLASS)
    ds.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    order = stored.dtype.newbyteorder(">" if syntax == make.BIG_ENDIAN else "<")
    ds.PixelData = stored.astype(order).tobytes()
    ds["PixelData"].VR = vr
    if coded:
        compressed.compress(ds, syntax, coded_bits)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, ds, enforce_file_format=True)
    return path


def signed(folder: Path, hu: Array | None = None, **tags: Any) -> Path:
    """Write HU as signed 16-bit values with intercept 0."""
    values = (plain() if hu is None else hu).round().astype(np.int16)
    ours = {"BitsStored": 16, "HighBit": 15, "PixelRepresentation": 1, "RescaleIntercept": "0"}
    return dicom(folder, values, **{**ours, **tags})


def _dataset(stored: Array, tags: dict[str, Any]) -> Dataset:
    bits = {
        "BitsAllocated": 8 * stored.dtype.itemsize,
        "BitsStored": min(12, 8 * stored.dtype.itemsize),
        "HighBit": min(12, 8 * stored.dtype.itemsize) - 1,
        "PixelSpacing": [SPACING_MM, SPACING_MM],
    }
    frame = stored if stored.ndim == 2 else stored[0]
    return make.dataset(frame, **{**bits, **tags})


def nifti(
    folder: Path,
    hu: Array,
    *,
    name: str = "a.nii",
    affine: Array | None = None,
    patches: dict[int, bytes] | None = None,
    **header: Any,
) -> Path:
    """Write [slice, rows, cols] as NIfTI; keywords set header fields, patches overwrite bytes."""
    make_image: Any = nibabel.Nifti1Image
    voxels = _stacked(hu).transpose(2, 1, 0)
    image = make_image(voxels, AFFINE if affine is None else affine, dtype=voxels.dtype)
    for key, value in header.items():
        image.header[key] = value
    content = bytearray(image.to_bytes())
    for place, patch in (patches or {}).items():
        content[place : place + len(patch)] = patch
    path = folder / name
    path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    return path


def nrrd_file(folder: Path, hu: Array, *, name: str = "a.nrrd", **fields: Any) -> Path:
    """Write [slice, rows, cols] as NRRD."""
    ours = {
        "space": "left-posterior-superior",
        "space directions": np.diag([SPACING_MM, SPACING_MM, 8.0]),
        "space origin": [0, 0, 0],
        "encoding": "raw",
    }
    nrrd.write(str(folder / name), _stacked(hu).transpose(2, 1, 0), {**ours, **fields})
    return folder / name


def nrrd_header(folder: Path, *lines: str, sizes: str = "512 512 1") -> Path:
    """Write a detached NRRD header whose last lines are given; they replace those of their key."""
    ours = (
        "type: short",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {sizes}",
        f"space directions: ({SPACING_MM},0,0) (0,{SPACING_MM},0) (0,0,8)",
        "endian: little",
        "encoding: raw",
        "space origin: (0,0,0)",
    )
    given = {line.partition(":")[0] for line in lines}
    kept = [line for line in ours if line.partition(":")[0] not in given]
    (folder / "a.nhdr").write_text("\n".join(("NRRD0004", *kept, *lines)) + "\n")
    return folder / "a.nhdr"


MET_TYPES = {
    "i1": "MET_CHAR",
    "u1": "MET_UCHAR",
    "i2": "MET_SHORT",
    "u2": "MET_USHORT",
    "i4": "MET_INT",
    "i8": "MET_LONG_LONG",
    "f4": "MET_FLOAT",
    "f8": "MET_DOUBLE",
}


def meta_header(hu: Array, data_file: str = "LOCAL", **fields: str) -> bytes:
    """The header of a MetaImage of [slice, rows, cols]."""
    hu = _stacked(hu)
    values = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "0 0 0",
        "ElementSpacing": f"{SPACING_MM} {SPACING_MM} 8",
        "DimSize": " ".join(map(str, hu.shape[::-1])),
        "ElementType": MET_TYPES[hu.dtype.str[1:]],
        **fields,
        "ElementDataFile": data_file,
    }
    return "".join(f"{key} = {value}\n" for key, value in values.items()).encode()


def metaimage(folder: Path, hu: Array, *, name: str = "a.mha", **fields: str) -> Path:
    """Write [slice, rows, cols] as MetaImage in one file."""
    (folder / name).write_bytes(meta_header(hu, **fields) + hu.tobytes())
    return folder / name


def npy(folder: Path, hu: Array) -> Path:
    """Write an array as NPY."""
    np.save(folder / "a.npy", hu)
    return folder / "a.npy"


def npz(folder: Path, hu: Array, **facts: Any) -> Path:
    """Write an array as NPZ."""
    np.savez(folder / "a.npz", hu=hu, **facts)
    return folder / "a.npz"


def tiff(folder: Path, hu: Array) -> Path:
    """Write an array as TIFF, one page a slice."""
    tifffile.imwrite(folder / "a.tif", hu, photometric="minisblack")
    return folder / "a.tif"


def content_of(build: Any, *args: Any, **keywords: Any) -> bytes:
    """What a writer of this module writes, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path: Path = build(Path(folder), *args, **keywords)
        return path.read_bytes()


def _stacked(hu: Array) -> Array:
    return hu if hu.ndim == 3 else hu[np.newaxis]


def npy_bytes(hu: Array) -> bytes:
    """An array as the bytes of an NPY file."""
    buffer = io.BytesIO()
    np.save(buffer, hu)
    return buffer.getvalue()
