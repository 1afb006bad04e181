"""Series of files with scores, made without a network; and what validators say of an object."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from tests.io.make import phantom, write_ct

from ctiqa.cards import NoiseRule
from ctiqa.io import ReadOptions, find_scans
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.score.whole_scan import score_scan
from ctiqa.types import PatientPhysics, ScanScore, SliceScore, Unmeasured

MODEL = {"name": "tiny", "version": "1.0", "sha256": "ab" * 32, "created": "2026-11-21"}

SHARED = Path(__file__).parents[2].parent / "shared" / "dicom-series"

STUDY: dict[str, Any] = {
    "SpecificCharacterSet": "ISO_IR 100",
    "StudyInstanceUID": "1.2.3.4.999",
    "StudyDate": "20240506",
    "StudyTime": "101112",
    "StudyID": "77",
    "AccessionNumber": "A-12",
    "ReferringPhysicianName": "Doctor^Any",
    "PatientName": "Planted^Zachary",
    "PatientID": "PLANTED-007",
    "PatientBirthDate": "19700102",
    "PatientSex": "M",
    "SeriesNumber": "5",
}

PHYSICS = PatientPhysics(
    noise_hu=29.25,
    quantum_noise_hu=28.0,
    f50_per_mm=0.3,
    water_equivalent_diameter_mm=255.5,
    ssde_mgy=9.75,
    missing={"fat_hu": Unmeasured.NO_FAT},
)

VALIDATOR = shutil.which("dciodvfy")

needs_validator = pytest.mark.skipif(
    VALIDATOR is None, reason="needs dciodvfy (Debian package dicom3tools)"
)


def write_study(folder: Path, count: int = 3, **tags: Any) -> Path:
    """Write a series of a named patient."""
    for index in range(count):
        write_slice(folder / f"{index}.dcm", index, **tags)
    return folder


def write_slice(path: Path, index: int, **tags: Any) -> Path:
    """Write one slice of the series of a named patient."""
    return write_ct(path, phantom(seed=index), z_mm=5.0 * index, **(STUDY | tags))


def scored(path: Path, scores: Sequence[float | None] | None = None, **facts: Any) -> ScanScore:
    """The result of the only series in a place.

    Args:
        path: Files.
        scores: Of the slices in z order; by default 3, 2.9, 2.8, ….
        **facts: Attributes of every slice score.
    """
    (scan,) = find_scans([path], ReadOptions()).scans
    values = [3 - 0.1 * at for at in range(len(scan.headers))] if scores is None else scores
    answers: dict[str, Any] = {
        "region": "chest",
        "findings": ("metal",),
        "physics": PHYSICS,
        "equivalent_noise_hu": 30.0,
        "equivalent_noise_interval": (20.0, 45.0),
    }
    slices = []
    for header, score in zip(scan.headers, values, strict=True):
        if score is None:
            slices.append(SliceScore(header, None, None, (*header.flags, "air")))
            continue
        interval = (max(score - 0.5, 0.0), min(score + 0.5, 4.0))
        slices.append(
            replace(SliceScore(header, score, interval, header.flags), **(answers | facts))
        )
    return score_scan(scan, slices, NoiseRule(level=0.9, quantile=2.0, floor=0.1))


def errors_of(dataset: Dataset, folder: Path) -> list[str]:
    """What dciodvfy finds wrong with an object."""
    out = folder / "checked.dcm"
    out.write_bytes(file_bytes(dataset))
    done = subprocess.run([str(VALIDATOR), str(out)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    assert lines, "the validator said nothing at all"
    return [line for line in lines if line.startswith("Error")]


def items_of(dataset: Dataset, kind: str) -> Iterator[Dataset]:
    """All content items of a value type, in order."""
    for item in dataset.get("ContentSequence", ()):
        if item.ValueType == kind:
            yield item
        yield from items_of(item, kind)


def numbers_of(report: Dataset) -> list[tuple[str, str, str, float]]:
    """Scheme and value of the name, unit, and value of every number."""
    found = []
    for item in items_of(report, "NUM"):
        (name,), (measured,) = item.ConceptNameCodeSequence, item.MeasuredValueSequence
        unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
        value = float(measured.NumericValue)
        found.append((name.CodingSchemeDesignator, name.CodeValue, unit, value))
    return found


def texts_of(report: Dataset) -> list[str]:
    """All texts of the content."""
    return [item.TextValue for item in items_of(report, "TEXT")]


def codes_of(report: Dataset, name: str) -> list[str]:
    """The values of all coded answers of a name, by their code."""
    return [
        item.ConceptCodeSequence[0].CodeValue
        for item in items_of(report, "CODE")
        if item.ConceptNameCodeSequence[0].CodeValue == name
    ]
