"""Maps of whole runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.score.made import phantom, write_dicom, write_series
from tests.score.tiny_model import network, write_model

from ctiqa.errors import OutputError, UsageError
from ctiqa.score import Scorer
from ctiqa.types import Scan, ScanScore, SliceScore


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that estimates local noise."""
    folder = tmp_path_factory.mktemp("mapped")
    return write_model(folder, "mapped", network=network(noise_map=True))


def written(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_every_scored_slice_has_a_map(mapped: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "a", 3)
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    write_dicom(tmp_path / "a" / "air.dcm", air, 9)
    write_series(tmp_path / "b", 2, first_hu=50, SeriesInstanceUID="1.2.826.0.2")
    scorer = Scorer(mapped, jobs=1)
    report = scorer.score_paths([tmp_path / "a", tmp_path / "b"], maps=tmp_path / "m")
    assert report.maps is not None
    assert (report.maps.written, report.maps.without_score) == (5, 1)
    wanted = {
        f"series-{series:03}-slice-{each:04}.{kind}"
        for series, scan in enumerate(report.scans, start=1)
        for each, verdict in enumerate(scan.slices)
        if verdict.score is not None
        for kind in ("png", "dcm")
    }
    assert len(wanted) == 10
    assert set(written(tmp_path / "m")) == wanted


def test_workers_change_no_map(mapped: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 5)
    for jobs in (1, 3):
        Scorer(mapped, jobs=jobs).score_paths(folder, maps=tmp_path / str(jobs))
    assert written(tmp_path / "1") == written(tmp_path / "3")
    assert len(written(tmp_path / "1")) == 10


def test_scores_are_those_of_a_run_without_maps(mapped: Path, tmp_path: Path) -> None:
    folder, scorer = write_series(tmp_path / "scan", 2), Scorer(mapped, jobs=1)
    plain, with_maps = scorer.score_paths(folder), scorer.score_paths(folder, maps=tmp_path / "m")
    assert plain.maps is None
    assert plain.scans == with_maps.scans


def test_the_map_is_among_the_results(mapped: Path, model: Path) -> None:
    hu = phantom(40.0)
    verdict = Scorer(mapped, jobs=1).score(hu)
    noise = getattr(verdict, "noise_map_hu", None)
    assert noise is not None
    assert noise.shape == (8, 8)
    assert noise[0, 0] == pytest.approx(16, rel=1e-3)
    assert noise[4, 4] == pytest.approx(16 * 2 ** (1040 / 1400), rel=1e-3)
    assert getattr(Scorer(model, jobs=1).score(hu), "noise_map_hu", 0) is None


def test_a_model_without_map_is_refused_before_reading(model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'tiny' does not; leave it out, or use ctiqa-s"):
        Scorer(model, jobs=1).score_paths(tmp_path / "not there", maps=tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_folder_that_cannot_be_is_refused_before_reading(mapped: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "m"):
        with pytest.raises(OutputError, match="must be a writable folder"):
            Scorer(mapped, jobs=1).score_paths(tmp_path / "not there", maps=place)


def test_an_empty_path_is_not_the_working_folder(mapped: Path) -> None:
    with pytest.raises(UsageError, match="got an empty one"):
        Scorer(mapped, jobs=1).check_maps("")


def test_a_scan_that_turns_out_to_be_no_patient_keeps_no_map(
    mapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether most slices show a patient is known only after the last one."""

    def of_no_patient(scan: Scan, slices: Sequence[SliceScore], *_: Any, **__: Any) -> ScanScore:
        return ScanScore(scan, None, None, tuple(replace(each, score=None) for each in slices))

    write_series(tmp_path / "scan", 3)
    monkeypatch.setattr("ctiqa.score.work.score_scan", of_no_patient)
    report = Scorer(mapped, jobs=1).score_paths(tmp_path / "scan", maps=tmp_path / "m")
    assert report.maps is not None
    assert (report.maps.written, report.maps.without_score) == (0, 3)
    assert written(tmp_path / "m") == {}
