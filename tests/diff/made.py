"""Slices, scans and phantoms made for the tests of comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.physics.patient.made import anatomy, noise, stored
from tests.score.made import write_dicom

from ctiqa.diff.measuring import Measured
from ctiqa.physics import Kernel
from ctiqa.score.whole_scan import score_scan
from ctiqa.types import (
    Acquisition,
    PatientPhysics,
    Scan,
    Skipped,
    SliceHeader,
    SliceScore,
    SliceSource,
)

NOISE_HU = 12.0
SPACING_MM = 1.0
SAME = {"StudyInstanceUID": "1.9.1", "FrameOfReferenceUID": "1.9.2"}
"""UIDs of two series of one acquisition."""

KERNEL = Kernel(0.4)


def measured_slice(
    index: int = 0,
    *,
    score: float | None = 3.0,
    z_mm: float | None = None,
    region: str | None = "chest",
    size_mm: float | None = 300.0,
    findings: tuple[str, ...] = (),
    equivalent_noise_hu: float | None = 25.0,
    uids: tuple[str, ...] = (),
    missing: Any = None,
    acquisition: Acquisition | None = None,
    **physics: float | None,
) -> SliceScore:
    """Slice ``index`` of a scan with 5 mm between slices, scored and measured."""
    header = SliceHeader(
        source=SliceSource(Path(f"{index:03}.dcm"), study_uids=uids),
        rows=512,
        cols=512,
        z_mm=5.0 * index if z_mm is None else z_mm,
        acquisition=acquisition or Acquisition(slice_thickness_mm=5.0, kernel="B30f"),
    )
    usual = {"quantum_noise_hu": 10.0, "noise_hu": 11.0, "noise_mean_per_mm": 0.3}
    found = PatientPhysics(
        **{"water_equivalent_diameter_mm": size_mm, "f50_per_mm": 0.35, **usual, **physics},
        missing=missing or {},
    )
    return SliceScore(
        header,
        score,
        None if score is None else (score, score),
        region=region,
        findings=findings,
        equivalent_noise_hu=equivalent_noise_hu,
        physics=found,
    )


def without_position(verdict: SliceScore) -> SliceScore:
    return replace(verdict, header=replace(verdict.header, z_mm=None))


def measured_scan(
    name: str, slices: Sequence[SliceScore], skipped: tuple[Skipped, ...] = ()
) -> Measured:
    """A scan of these slices, each with pixels of its own."""
    scan = Scan(f"1.2.{name}", Path(name), tuple(each.header for each in slices))
    digests = {index: f"{name}{index}" for index in range(len(slices))}
    return Measured(name, score_scan(scan, slices), digests, {"name": "m", "version": 1}, skipped)


def scattered(
    rng: np.random.Generator, count: int, spread: float, **facts: Any
) -> list[SliceScore]:
    """Slices of one protocol, whose measures scatter around the same values."""

    def around(value: float) -> float:
        return float(value * np.exp(spread * rng.standard_normal()))

    return [
        measured_slice(
            index,
            score=3.0 + 0.5 * spread * float(rng.standard_normal()),
            equivalent_noise_hu=around(25.0),
            quantum_noise_hu=around(10.0),
            noise_hu=around(11.0),
            noise_mean_per_mm=around(0.3),
            f50_per_mm=around(0.35),
            **facts,
        )
        for index in range(count)
    ]


def phantoms(
    count: int, noise_hu: float = NOISE_HU, *, seed: int = 0, kernel: Kernel = KERNEL
) -> npt.NDArray[np.float32]:
    """Slices of a trunk with noise of a known level, [slices, rows, cols]."""
    rng = np.random.default_rng(seed)
    trunks = [anatomy(np.random.default_rng(k % 2)) for k in range(count)]
    return np.stack(
        [stored(each + noise_hu * noise(each.shape, SPACING_MM, kernel, rng)) for each in trunks]
    )


def write_scan(folder: Path, stack: npt.NDArray[np.float32], uid: str, **elements: Any) -> Path:
    """A series of DICOM files, 5 mm apart."""
    facts = {"PixelSpacing": [SPACING_MM, SPACING_MM], "SeriesInstanceUID": uid, **SAME}
    for index, hu in enumerate(stack):
        write_dicom(folder / f"{index:03}.dcm", hu, index, **{**facts, **elements})
    return folder
