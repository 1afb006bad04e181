"""Reports made for the tests, without files and without a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from ctiqa.errors import Reason
from ctiqa.io import ReadOptions
from ctiqa.score.report.report import Report
from ctiqa.store import SeriesKey, model_digest, options_digest
from ctiqa.types import (
    Acquisition,
    PatientPhysics,
    Scan,
    ScanScore,
    SeriesFacts,
    Skipped,
    SliceHeader,
    SliceScore,
    SliceSource,
)

MODEL = {"name": "tiny", "version": "1", "sha256": "ab", "engine": "onnxruntime"}

ACQUIRED = Acquisition(
    kvp=120.0,
    ctdivol_mgy=8.25,
    ctdi_phantom_cm=32.0,
    kernel="Br40",
    slice_thickness_mm=3.0,
    manufacturer="Maker, Ltd",
    model="Scan 64",
    body_part="CHEST",
)

GROUPED = SeriesFacts("CT1", "Thorax", "Thorax 3.0 Br40", date(2026, 11, 26))

MEASURED = PatientPhysics(
    noise_hu=9.5,
    quantum_noise_hu=8.25,
    f50_per_mm=0.34,
    water_equivalent_diameter_mm=240.5,
    ssde_mgy=11.75,
)


def header(index: int = 0, **facts: Any) -> SliceHeader:
    """The header of slice ``index``; the tube current grows along z."""
    return SliceHeader(
        source=SliceSource(Path(f"scan/{index:03}.dcm")),
        rows=512,
        cols=512,
        spacing_mm=(0.7, 0.7),
        z_mm=3.0 * index,
        acquisition=replace(ACQUIRED, tube_current_ma=100.0 + 10 * index),
        series=GROUPED,
        **facts,
    )


def slice_score(index: int, score: float | None, **facts: Any) -> SliceScore:
    """A slice with a score, or a limb without one."""
    known = {
        "score": score,
        "interval": None if score is None else (score - 0.25, score + 0.25),
        "flags": ("region",) if score is None else (),
        "equivalent_noise_hu": 20.5 + index,
        "region": "limb" if score is None else "chest",
        "dose_reserve": 0.5,
    }
    return SliceScore(header(index), **(known | facts))


def scan_score(
    uid: str = "1.2.3", scores: Sequence[float | None] = (3.25, 2.75, None), **facts: Any
) -> ScanScore:
    """A scan whose slices were given these scores."""
    slices = facts.pop("slices", None) or tuple(
        slice_score(index, score) for index, score in enumerate(scores)
    )
    known: dict[str, Any] = {
        "score": 3.0,
        "interval": (2.75, 3.25),
        "flags": ("region",),
        "warnings": ("1 of 3 slices not scored: limb",),
        "equivalent_noise_hu": 21.0,
        "equivalent_noise_interval": (19.0, 23.0),
        "physics": MEASURED,
        "dose_reserve": math.inf,
    }
    headers = tuple(each.header for each in slices)
    return ScanScore(Scan(uid, Path("scan"), headers), slices=slices, **(known | facts))


def report(*scans: ScanScore, skipped: Sequence[Skipped] = (), **facts: Any) -> Report:
    """A report of the model ``tiny``."""
    options = facts.pop("options", ReadOptions())
    return Report({**MODEL, **facts}, scans, tuple(skipped), options)


def reports(count: int, slices: int = 3) -> list[Report]:
    """One report for each of some series."""
    return [report(scan_score(f"1.2.{index}", [3.0] * slices)) for index in range(count)]


def key(uid: str = "1.2.3", content: str = "c0", **facts: Any) -> SeriesKey:
    """A key for the model ``tiny``."""
    return SeriesKey(uid, content, model_digest({**MODEL, **facts}), options_digest(ReadOptions()))


def skip(file: str = "scan/scout.dcm", reason: Reason = Reason.LOCALIZER) -> Skipped:
    """A file that was skipped."""
    return Skipped(Path(file), reason, "'ImageType' says LOCALIZER")
