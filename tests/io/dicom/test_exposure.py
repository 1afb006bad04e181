"""Exposure is read as the scanner states it, unless tube current and time contradict it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from tests.io import make

from ctiqa.io import read_file_headers
from ctiqa.io.dicom.exposure import exposure_mas
from ctiqa.io.dicom.tags import Tags


def read_mas(path: Path, **tags: Any) -> float | None:
    (header,) = read_file_headers(make.write_ct(path / "a.dcm", **tags)).headers
    return header.acquisition.exposure_mas


@pytest.mark.parametrize(
    ("current_ma", "time_ms", "pitch", "exposure"),
    [
        (206, 750, None, 155),  # rounded product
        (181, 500, None, 150),  # effective, pitch 0.6 not stated
        (238, 500, None, 95),  # effective, pitch 1.25 not stated
        (615, 330, 0.8, 253),  # effective, pitch stated
        (431, 500, 0.806, 215),  # product, pitch stated
        (20, 350, 3.2, 2),  # effective, two tubes
        (10, 500, None, 6),  # rounding alone
    ],
)
def test_exposure_by_either_definition_is_read(
    tmp_path: Path, current_ma: int, time_ms: int, pitch: float | None, exposure: int
) -> None:
    facts = {"XRayTubeCurrent": current_ma, "ExposureTime": time_ms, "SpiralPitchFactor": pitch}
    assert read_mas(tmp_path, **facts, Exposure=exposure) == exposure


@pytest.mark.parametrize(
    ("current_ma", "time_ms", "pitch", "exposure"),
    [
        (10, 518, None, 65),
        (200, 500, None, 1000),  # ten times too much
        (200, 500, None, 100_000),  # µAs
        (200, 500, None, 10),  # ten times too little
        (200, 500, 1.4, 160),  # more than the product although the pitch is above 1
        (200, 500, 0.6, 40),
    ],
)
def test_exposure_that_contradicts_tube_current_and_time_is_dropped(
    tmp_path: Path, current_ma: int, time_ms: int, pitch: float | None, exposure: int
) -> None:
    facts = {"XRayTubeCurrent": current_ma, "ExposureTime": time_ms, "SpiralPitchFactor": pitch}
    assert read_mas(tmp_path, **facts, Exposure=exposure) is None


def test_exposure_in_microampere_seconds_is_checked_too(tmp_path: Path) -> None:
    facts = {"XRayTubeCurrent": 200, "ExposureTime": 500, "Exposure": None}
    assert read_mas(tmp_path, **facts, ExposureInuAs=100_000) == 100
    assert read_mas(tmp_path, **facts, ExposureInuAs=100) is None


@pytest.mark.parametrize("unknown", [{"XRayTubeCurrent": 0}, {"ExposureTime": 0}])
def test_nothing_is_contradicted_by_an_unknown_value(
    tmp_path: Path, unknown: dict[str, int]
) -> None:
    facts = {"XRayTubeCurrent": 200, "ExposureTime": 500, "Exposure": 1000} | unknown
    assert read_mas(tmp_path, **facts) == 1000


def test_a_pitch_that_no_scanner_has_is_ignored(tmp_path: Path) -> None:
    facts = {"XRayTubeCurrent": 200, "ExposureTime": 500, "SpiralPitchFactor": 64.0}
    assert read_mas(tmp_path, **facts, Exposure=120) == 120


@pytest.mark.parametrize(("time_ms", "expected"), [(500.0, 150.0), (5.0, None)])
def test_enhanced_ct_is_checked_too(time_ms: float, expected: float | None) -> None:
    details, frame, image = Dataset(), Dataset(), Dataset()
    details.ExposureInmAs, details.XRayTubeCurrentInmA = 150.0, 300.0
    details.ExposureTimeInms = time_ms
    frame.CTExposureSequence = [details]
    image.PerFrameFunctionalGroupsSequence = [frame]
    assert exposure_mas(Tags(image)) == expected
