"""Slices, verdicts and DICOM files made for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

import ctiqa
from ctiqa.errors import Reason
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.score.report.report import Report
from ctiqa.score.whole_scan import score_scan
from ctiqa.types import (
    Acquisition,
    HuImage,
    PatientPhysics,
    Scan,
    ScanScore,
    Skipped,
    Slice,
    SliceHeader,
    SliceScore,
    SliceSource,
)

SIDE = 256


def phantom(tissue_hu: float = 40.0, side: int = SIDE, lung: bool = False) -> HuImage:
    """A disc of tissue in air, perhaps with two lungs in it."""
    down, right = np.mgrid[:side, :side] - (side - 1) / 2
    hu = np.full((side, side), -1000, dtype=np.float32)
    hu[np.hypot(down, right) < 0.4 * side] = tissue_hu
    if lung:
        hu[np.hypot(down, np.abs(right) - 0.17 * side) < 0.13 * side] = -800
    return hu


def one_slice(folder: Path) -> Path:
    """A folder with a slice of the example scan, not compressed, which the shipped model scores."""
    folder.mkdir(parents=True, exist_ok=True)
    example = Path(ctiqa.__file__).parent / "assets" / "example" / "05.dcm"
    scan = find_scans([example], ReadOptions()).scans[0]
    write_dicom(folder / "000.dcm", read_slice(scan.headers[0], ReadOptions()).hu)
    return folder


def header(
    index: int = 0, *, side: int = SIDE, flags: tuple[str, ...] = (), **acquisition: Any
) -> SliceHeader:
    """The header of slice ``index`` of a series with 5 mm between slices."""
    return SliceHeader(
        source=SliceSource(Path(f"scan/{index:03}.dcm"), instance_uid=f"1.2.{index}"),
        rows=side,
        cols=side,
        spacing_mm=(0.7, 0.7),
        z_mm=5.0 * index,
        acquisition=Acquisition(**acquisition),
        flags=flags,
    )


def image(index: int = 0, tissue_hu: float = 40.0, side: int = SIDE) -> Slice:
    """Slice ``index`` of a series of phantoms."""
    return Slice(phantom(tissue_hu, side), header(index, side=side))


def verdict(score: float | None, index: int = 0, **facts: Any) -> SliceScore:
    """A slice that was given a score, or none because it is air."""
    if score is None:
        return SliceScore(header(index, **facts), None, None, ("air",))
    low, high = max(score - 0.5, 0.0), min(score + 0.5, 4.0)
    return SliceScore(header(index, **facts), score, (low, high))


def scan_score(scores: Sequence[float | None], name: str = "scan", **facts: Any) -> ScanScore:
    """A scan whose slices were given these scores."""
    slices = tuple(verdict(score, index, **facts) for index, score in enumerate(scores))
    known = [score for score in scores if score is not None]
    mean = sum(known) / len(known) if known else None
    headers = tuple(each.header for each in slices)
    return ScanScore(
        scan=Scan("1.2.840.1", Path(name), headers),
        score=mean,
        interval=None if mean is None else (max(mean - 0.5, 0.0), min(mean + 0.5, 4.0)),
        slices=slices,
    )


def answered(
    score: float | None,
    index: int = 0,
    *,
    noise_hu: float = 12.0,
    region: str = "chest",
    findings: tuple[str, ...] = (),
    physics: PatientPhysics | None = None,
) -> SliceScore:
    """A slice of a model with all answers; without a score its region is not scored."""
    return replace(
        verdict(score, index),
        flags=("region",) if score is None else (),
        equivalent_noise_hu=noise_hu,
        region=region,
        findings=findings,
        physics=physics,
    )


def scan_of(*slices: SliceScore, name: str = "scan") -> ScanScore:
    """A scan of these slices."""
    headers = tuple(each.header for each in slices)
    return score_scan(Scan("1.2.840.1", Path(name), headers), slices)


def report(*scans: ScanScore, skipped: Sequence[Skipped] = ()) -> Report:
    """A report of a model named ``tiny``."""
    return Report({"name": "tiny", "version": "1.0"}, scans, tuple(skipped))


def skip(name: str = "scout.dcm", reason: Reason = Reason.LOCALIZER) -> Skipped:
    """A file that was skipped."""
    return Skipped(Path(name), reason, "'ImageType' says LOCALIZER")


def write_dicom(path: Path, hu: HuImage, index: int = 0, **elements: Any) -> Path:
    """Write a slice as a CT image; ``elements`` replace or add data elements."""
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = CTImageStorage
    series = elements.pop("SeriesInstanceUID", "1.2.826.0.1")
    data.file_meta.MediaStorageSOPInstanceUID = UID(f"{series}.{index + 1}")
    rows, cols = hu.shape
    content = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": data.file_meta.MediaStorageSOPInstanceUID,
        "SeriesInstanceUID": series,
        "StudyInstanceUID": generate_uid(),
        "PatientName": "Secret^Person",
        "PatientID": "42-secret",
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "Manufacturer": "Maker",
        "KVP": "120",
        "ConvolutionKernel": "B40f",
        "SliceThickness": "5",
        "ImagePositionPatient": [0, 0, 5 * index],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.7, 0.7],
        "Rows": rows,
        "Columns": cols,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "RescaleSlope": "1",
        "RescaleIntercept": "0",
        "PixelData": hu.astype("<i2").tobytes(),
    } | elements
    for name, value in content.items():
        setattr(data, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, count: int = 3, *, first_hu: float = 0.0, **elements: Any) -> Path:
    """Write a series whose slices get brighter, and so score higher, along z."""
    for index in range(count):
        hu = phantom(first_hu + 10.0 * index)
        write_dicom(folder / f"{index:03}.dcm", hu, index, **elements)
    return folder
