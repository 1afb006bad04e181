from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Outcome, Run
from tests.score.made import one_slice, write_dicom

from ctiqa.io import ReadOptions, find_scans, read_slice

FEW = ("--doses", "0.25,0.06", "--draws", "2", "--engine", "onnxruntime")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("numba")
    return one_slice(tmp_path_factory.mktemp("data") / "scan")


@pytest.fixture
def call(run: Run, scan: Path) -> Any:
    """Run the command on the scan with few images."""

    def call(*words: str | Path, of: Path | None = None) -> Outcome:
        return run("dose-curve", of or scan, *FEW, *words)

    return call


def test_a_slice_has_a_curve(call: Any, tmp_path: Path) -> None:
    done = call("--out", tmp_path / "d.json", "--report", tmp_path / "d.html")
    assert done.status == 0
    found = json.loads((tmp_path / "d.json").read_text())
    (only,) = found["slices"]
    assert only["doses"] == [1.0, 0.25, 0.06]
    assert only["scores"] == sorted(only["scores"], reverse=True)
    assert only["scores"][-1] < only["scores"][0]
    noise = only["equivalent_noise_hu"]
    assert noise[2] > 1.5 * noise[1]
    assert (found["target"], found["series"][0]["n_slices"]) == (3.0, 1)
    assert found["command"].startswith("ctiqa dose-curve ")
    assert "Secret" not in (tmp_path / "d.json").read_text() + done.out
    page = (tmp_path / "d.html").read_text()
    assert "Score against dose" in page
    assert "Secret" not in page
    assert "Reserve" in done.out
    assert "a single slice: the intervals cover the draws of the noise only" in done.out


def test_bad_series_are_skipped_with_a_reason(call: Any, scan: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    shutil.copytree(scan, both)
    (hidden,) = find_scans([scan], ReadOptions()).scans
    hu = read_slice(hidden.headers[0], ReadOptions()).hu
    write_dicom(both / "other.dcm", hu, SeriesInstanceUID="1.2.3.9", PixelSpacing=None)
    (both / "text.dcm").write_text("no image")
    done = call("--out", tmp_path / "d.json", of=both)
    assert done.status == 3
    found = json.loads((tmp_path / "d.json").read_text())
    assert len(found["series"]) == 1
    assert {each["reason"] for each in found["skipped"]} == {"no_spacing", "unknown_format"}
    assert "pixel spacing" in done.out


def test_without_any_curve_nothing_is_written(call: Any, tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("no image")
    done = call("--out", tmp_path / "d.json", of=tmp_path)
    assert done.status == 4
    assert "no series has a dose curve" in done.err
    assert not (tmp_path / "d.json").exists()


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--doses", "0.5,2"), "'doses' must be in 0.001…1"),
        (("--doses", "half"), "'doses' must be fractions separated by commas"),
        (("--target", "5"), "'target' must be between 0 and 4"),
        (("--draws", "0"), "'draws' must be >= 1"),
        (("--electronic", "1.5"), "'electronic' must be in [0, 1)"),
        (("--slices", "5"), "'slices' must be A:B"),
        (("--out", "d.txt"), "must end in .json or .html"),
        (("--model", "none"), "none"),
    ],
)
def test_wrong_usage_is_named_before_any_work(
    run: Run, scan: Path, words: tuple[str, ...], rule: str
) -> None:
    done = run("dose-curve", scan, *words)
    assert done.status == 2
    assert rule in done.err
    assert "Traceback" not in done.err


def test_quiet_says_nothing(call: Any) -> None:
    done = call("--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_an_interrupted_run_writes_nothing(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctiqa.dose_curve.run.dose_curves", interrupted)
    (tmp_path / "d.json").write_text("old")
    done = call("--out", tmp_path / "d.json")
    assert done.status == 130
    assert "stopped by the user" in done.err
    assert (tmp_path / "d.json").read_text() == "old"
