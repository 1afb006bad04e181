"""``ctiqa diff`` as a user runs it: output, files, exit statuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Outcome, Run
from tests.diff.made import NOISE_HU, phantoms, write_scan

FULL = phantoms(5, seed=1)
LOW = phantoms(5, 2 * NOISE_HU, seed=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_scan(folder / "full", FULL, "1.2.1", CTDIvol=10.0)
    write_scan(folder / "low", LOW, "1.2.2", CTDIvol=2.5)
    return folder


@pytest.fixture
def call(run: Run, model: Path) -> Any:
    def call(*words: str | Path) -> Outcome:
        return run("diff", *words, "--model", model, "--jobs", "1")

    return call


def test_two_doses(call: Any, data: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"d.{suffix}" for suffix in ("json", "csv", "html")]
    outputs = ["--out", files[0], "--out", files[1], "--report", files[2]]
    done = call(data / "full", data / "low", *outputs)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    verdict = next(k for k, line in enumerate(lines) if line.startswith("B has "))
    assert "more noise (" in lines[verdict]
    assert verdict < next(k for k, line in enumerate(lines) if line.startswith("quantum noise HU"))
    assert "The dose of B is 75 % lower" in done.out
    assert "5 slices of each at the same positions, paired" in done.out
    assert "Not compared: equivalent noise, dose reserve" not in done.out
    assert "Secret" not in done.out + "".join(each.read_text(encoding="utf-8") for each in files)
    content = json.loads(files[0].read_text(encoding="utf-8"))
    assert content["command"].startswith("ctiqa diff")
    assert content["verdict"]["code"] == "more_noise"


def test_quiet(call: Any, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.json"
    done = call(data / "full", data / "full", "--slices", "0:1", "--quiet", "--out", out)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert json.loads(out.read_text(encoding="utf-8"))["matching"]["identical"] is True


def test_slices_that_have_no_partner_are_counted(call: Any, data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "low", tmp_path / "low")
    (folder / "004.dcm").unlink()
    done = call(data / "full", folder)
    assert done.status == 3
    assert "1 slice of A not compared: the other scan has no slice at this position" in done.out
    assert "No difference can be shown: 4 slices of each are too few" in done.out


def test_inputs_that_were_skipped_are_counted(call: Any, data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "low", tmp_path / "low")
    (folder / "notes.txt").write_text("hello")
    done = call(data / "full", folder, "--slices", "0:1")
    assert done.status == 3
    assert "1 input of B was not read: 1 × not an image format" in done.out


def test_a_series_is_chosen_by_the_end_of_its_uid(call: Any, data: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "study"), "zip", data)
    chosen = ["--series-a", "2.1", "--series-b", "2.2"]
    done = call(archive, archive, *chosen, "--slices", "0:2")
    assert done.status == 0, done.err
    several = call(archive, data / "low")
    assert several.status == 2
    assert "A holds 2 series; choose one by the end of its UID (--series-a):" in several.err
    unknown = call(archive, data / "low", "--series-a", "9.9")
    assert unknown.status == 2
    assert "'--series-a' must be the end of the UID of a series of A, got '9.9'" in unknown.err


def refused(tmp_path: Path, done: Outcome, status: int, *parts: str) -> None:
    assert done.status == status
    assert all(part in done.err for part in parts), done.err
    assert done.err.startswith("error: ")
    assert not (tmp_path / "d.json").exists()


def test_bad_input(call: Any, data: Path, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "d.json"]
    refused(tmp_path, call(data / "full", tmp_path / "gone", *out), 2, "gone")
    (tmp_path / "empty").mkdir()
    refused(tmp_path, call(data / "full", tmp_path / "empty", *out), 4, "no file in")
    mr = write_scan(tmp_path / "mr", FULL[:1], "1.2.3", Modality="MR")
    refused(tmp_path, call(data / "full", mr, *out), 4, "B holds no CT slice in HU")
    far = write_scan(
        *(tmp_path / "far", FULL[:1], "1.2.4"), PixelSpacing=[0.4, 0.4], FrameOfReferenceUID="1.7"
    )
    refused(tmp_path, call(data / "full", far, *out), 4, "nothing could be compared", "A shows 5")
    refused(tmp_path, call(data / "full", data / "low", "--out", tmp_path / "d.xlsx"), 2, ".xlsx")
    refused(tmp_path, call(data / "full", "", *out), 2, "empty")
    refused(tmp_path, call(data / "full", data / "low", *out, *out), 2, "is given twice")
    refused(tmp_path, call(data / "full", data / "low", "--slices", "7:9", *out), 4, "none of them")
