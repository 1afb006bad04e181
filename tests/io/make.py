"""Small synthetic CT files for the tests: a water disc in air, in any wrapping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import FileMetaDataset, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
NATIVE = (IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN)
COMPRESSED = (RLE, JPEG_LS, JPEG_2000)

CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CLASS = "1.2.840.10008.5.1.4.1.1.2.1"
AXIAL = [1, 0, 0, 0, 1, 0]
CORONAL = [1, 0, 0, 0, 0, -1]
PER_FRAME = (
    "RescaleSlope",
    "RescaleIntercept",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "KVP",
    "Exposure",
    "ConvolutionKernel",
    "SliceThickness",
)
"""Elements that Enhanced CT keeps in functional groups."""

PATIENT = "Zyxwvut^Patient"

Hu = npt.NDArray[np.int16]


def phantom(rows: int = 256, cols: int = 256, seed: int = 0) -> Hu:
    """A noisy water disc in air, brighter on its upper left, int16 HU."""
    y, x = np.mgrid[:rows, :cols]
    noise = np.random.default_rng(seed).normal(0, 20, (rows, cols))
    disc = np.hypot(y - rows / 2, x - cols / 2) < 0.4 * min(rows, cols)
    hu = np.where(disc, 40.0, -1000.0) + noise
    hu[rows // 4 : rows // 3, cols // 4 : cols // 3] += 400
    return np.clip(hu, -1024, 3000).astype(np.int16)


def uid(*parts: object) -> str:
    """A valid UID that depends on its parts alone."""
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return f"2.25.{int(digest[:28], 16)}"


def dataset(hu: Hu, *, z_mm: float = 0.0, series: str = "A", **tags: Any) -> Dataset:
    """A CT image; keywords override elements, ``None`` leaves one out."""
    ds = Dataset()
    values: dict[str, Any] = {
        "SOPClassUID": CT_CLASS,
        "SOPInstanceUID": uid(series, z_mm, hu.tobytes()),
        "SeriesInstanceUID": uid(series),
        "PatientName": PATIENT,
        "PatientID": PATIENT,
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "KVP": "120",
        "Exposure": "200",
        "SliceThickness": "5",
        "ConvolutionKernel": "B30f",
        "Manufacturer": "ACME",
        "ImagePositionPatient": [-90, -90, z_mm],
        "ImageOrientationPatient": AXIAL,
        "PixelSpacing": [0.7, 0.7],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": hu.shape[0],
        "Columns": hu.shape[1],
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        **tags,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(ds, keyword, value)
    return ds


def save(path: Path, ds: Dataset, stored: npt.NDArray[Any], syntax: str = EXPLICIT) -> Path:
    """Write a data set with its pixels in a transfer syntax."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(EXPLICIT if syntax in COMPRESSED else syntax)
    ds.file_meta.MediaStorageSOPClassUID = UID(CT_CLASS)
    ds.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    little = syntax != BIG_ENDIAN
    ds.PixelData = stored.astype(stored.dtype.newbyteorder("<" if little else ">")).tobytes()
    ds["PixelData"].VR = "OW"
    if syntax in COMPRESSED:
        ds.compress(UID(syntax), generate_instance_uid=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, ds, enforce_file_format=True)
    return path


def write_ct(path: Path, hu: Hu | None = None, *, syntax: str = EXPLICIT, **tags: Any) -> Path:
    """Write one CT slice; see :func:`dataset` for the keywords."""
    hu = phantom() if hu is None else hu
    signed = tags.get("PixelRepresentation") == 1
    stored = hu.astype(np.int16) if signed else (hu.astype(np.int32) + 1024).astype(np.uint16)
    return save(path, dataset(hu, **tags), stored, syntax)


def write_series(folder: Path, count: int, *, step_mm: float = 5.0, **tags: Any) -> list[Path]:
    """Write a series of different slices, file names against z order."""
    return [
        write_ct(
            folder / f"{count - index:04d}.dcm",
            phantom(seed=index),
            z_mm=index * step_mm,
            **tags,
        )
        for index in range(count)
    ]


def write_enhanced(
    path: Path,
    hu: Sequence[Hu],
    *,
    slopes: Sequence[float],
    z_mm: Sequence[float],
    types: Sequence[str] | None = None,
    syntax: str = EXPLICIT,
) -> Path:
    """Write an Enhanced CT whose frames differ in rescale, position and frame type."""
    top: dict[str, Any] = {"SOPClassUID": ENHANCED_CLASS, "NumberOfFrames": len(hu)}
    top.update(dict.fromkeys(PER_FRAME))
    ds = dataset(hu[0], **top)
    ds.SharedFunctionalGroupsSequence = Items([_shared()])
    kinds = types or ["VOLUME"] * len(hu)
    ds.PerFrameFunctionalGroupsSequence = Items(
        [_own(*facts) for facts in zip(slopes, z_mm, kinds, strict=True)]
    )
    stored = np.stack(
        [np.round((frame + 1024.0) / slope) for frame, slope in zip(hu, slopes, strict=True)]
    )
    return save(path, ds, stored.astype(np.uint16), syntax)


def _shared() -> Dataset:
    return _macros(
        PixelMeasuresSequence={"PixelSpacing": [0.7, 0.7], "SliceThickness": "2"},
        PlaneOrientationSequence={"ImageOrientationPatient": AXIAL},
        CTXRayDetailsSequence={"KVP": 100.0},
        CTReconstructionSequence={"ConvolutionKernel": "Br40"},
    )


def _own(slope: float, z_mm: float, kind: str) -> Dataset:
    return _macros(
        PixelValueTransformationSequence={
            "RescaleSlope": str(slope),
            "RescaleIntercept": "-1024",
            "RescaleType": "HU",
        },
        PlanePositionSequence={"ImagePositionPatient": [-90, -90, z_mm]},
        CTImageFrameTypeSequence={"FrameType": ["ORIGINAL", "PRIMARY", kind, "NONE"]},
        CTExposureSequence={"ExposureInmAs": 150.0, "XRayTubeCurrentInmA": 300.0},
    )


def _macros(**groups: dict[str, Any]) -> Dataset:
    item = Dataset()
    for keyword, values in groups.items():
        macro = Dataset()
        for name, value in values.items():
            setattr(macro, name, value)
        setattr(item, keyword, Items([macro]))
    return item


def strip_meta(path: Path) -> Path:
    """Remove preamble and file meta information, as the oldest writers did."""
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    path.write_bytes(content[144 + length :])
    return path


def damaged(content: bytes, rng: np.random.Generator, count: int) -> Iterator[bytes]:
    """Copies of a file, cut short or with some bytes altered, mostly in its header."""
    for _ in range(count):
        if rng.random() < 0.3:
            yield content[: rng.integers(len(content))]
            continue
        copy = bytearray(content)
        reach = len(copy) if rng.random() < 0.3 else min(1500, len(copy))
        for place in rng.integers(reach, size=int(rng.choice([1, 4, 30]))):
            copy[place] = int(rng.integers(256))
        yield bytes(copy)
