from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.benchmarking.made import blurred, full_dose, low_dose
from tests.cli.conftest import Outcome, Run
from tests.score.made import write_dicom

FULL, LOW = full_dose(4), low_dose(4)
SMOOTH = blurred(LOW)

Stack = Any


def write(folder: Path, stack: Stack, **elements: Any) -> Path:
    """A series of DICOM files."""
    for index, hu in enumerate(stack):
        write_dicom(folder / f"{index:03}.dcm", np.round(hu), index, **elements)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, stack in {"full": FULL, "low": LOW, "smooth": SMOOTH}.items():
        write(folder / name, stack)
    return folder


@pytest.fixture
def call(run: Run, model: Path, data: Path, tmp_path: Path) -> Any:
    """Run the command on the reference and the input, with some methods and options."""

    def call(*words: str | Path, reference: Path | None = None, low: Path | None = None) -> Outcome:
        return run(
            *("benchmark", "--reference", reference or data / "full"),
            *("--input", low or data / "low", *words),
            *("--out", tmp_path / "out", "--model", model, "--jobs", "1"),
        )

    return call


def results(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out" / "benchmark.json").read_bytes())


def test_folders_are_compared(call: Any, data: Path, tmp_path: Path) -> None:
    done = call(data / "smooth")
    assert (done.status, done.err) == (0, "")
    assert "smooth: smoother, not better" in done.out
    assert str(tmp_path / "out" / "index.html") in done.out
    found = results(tmp_path)
    assert found["protocol"]["matched_by"] == {"input": "position", "smooth": "position"}
    assert found["protocol"]["frequency_unit"] == "1/mm"
    assert found["left_out"] == []
    assert found["command"].startswith("ctiqa benchmark")
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        "benchmark.json",
        "index.html",
        "slices.csv",
    ]


def test_formats_may_differ_and_methods_have_names(call: Any, data: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", SMOOTH.astype(np.float32))
    done = call(f"mine={tmp_path / 'm.npy'}", data / "smooth", "--quiet", "--window", "lung")
    assert (done.status, done.out, done.err) == (0, "", "")
    found = results(tmp_path)
    assert [each["name"] for each in found["methods"]] == ["mine", "smooth"]
    assert found["protocol"]["matched_by"]["mine"] == "order"
    assert found["protocol"]["window"] == [1500, -600]
    for key in ("psnr_db", "edge_loss"):
        first, second = (each["means"][key] for each in found["methods"])
        assert first == pytest.approx(second, rel=0.01)


def test_missing_and_unreadable_slices_are_listed(call: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "m", SMOOTH)
    (folder / "001.dcm").unlink()
    (folder / "notes.txt").write_text("hello")
    done = call(folder)
    assert done.status == 3
    assert "1 slice not compared: m, missing" in done.out
    found = results(tmp_path)
    assert found["protocol"]["slices"] == 3
    assert sorted(each["reason"] for each in found["left_out"]) == ["missing", "unreadable"]


def test_patients_are_matched_by_folder(call: Any, tmp_path: Path) -> None:
    for name, stack in {"f": FULL, "l": LOW, "m": SMOOTH}.items():
        for patient, shift in (("p1", 0), ("p2", 10)):
            write(
                tmp_path / name / patient,
                np.where(stack > -200, stack + shift, stack),
                SeriesInstanceUID=f"1.2.{patient[1]}",
                StudyInstanceUID=f"1.9.{patient[1]}",
            )
    done = call(tmp_path / "m", reference=tmp_path / "f", low=tmp_path / "l")
    assert done.status == 0, done.err
    found = results(tmp_path)["protocol"]
    assert (found["scans"], found["patients"], found["slices"]) == (2, 2, 8)
    assert found["resampled"] == "patients"


def test_without_reference_the_usage_is_wrong(run: Run, data: Path, tmp_path: Path) -> None:
    done = run("benchmark", "--input", data / "low", data / "smooth", "--out", tmp_path / "out")
    assert done.status == 2
    assert "--reference" in done.err
    done = run("benchmark", "--reference", data / "full", "--input", data / "low", "--out", "out")
    assert done.status == 2
    assert "METHOD" in done.err


def refused(tmp_path: Path, done: Outcome, status: int, *parts: str) -> None:
    """The command ended with one message and left nothing."""
    assert done.status == status
    assert all(part in done.err for part in parts), done.err
    assert done.err.startswith("error: ")
    assert not (tmp_path / "out").exists()


def test_the_same_images_twice(call: Any, data: Path, tmp_path: Path) -> None:
    refused(tmp_path, call(data / "full"), 2, "the reference and method 'full' hold the same file")
    both = call(data / "smooth", f"b={data / 'smooth'}")
    refused(tmp_path, both, 2, "method 'smooth' and method 'b' hold the same file")
    copy = write(tmp_path / "copy", FULL)
    refused(tmp_path, call(copy), 2, "method 'copy' is identical to the reference")
    refused(tmp_path, call(data / "smooth", low=copy), 2, "the input is identical to the reference")
    refused(tmp_path, call(data / "smooth", data / "smooth"), 2, "2 methods are called 'smooth'")


def test_another_size_or_spacing(call: Any, tmp_path: Path) -> None:
    larger = write(tmp_path / "larger", np.pad(SMOOTH, ((0, 0), (16, 16), (16, 16)), mode="edge"))
    refused(tmp_path, call(larger), 2, "288 × 288 pixels where the reference has 256 × 256")
    finer = write(tmp_path / "finer", SMOOTH, PixelSpacing=[0.5, 0.5])
    refused(tmp_path, call(finer), 2, "0.5 × 0.5 mm where the reference has 0.7 × 0.7 mm")


def test_values_that_are_not_hu(call: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "unit.npy", ((SMOOTH + 1000) / 1400).clip(0, 1).astype(np.float32))
    refused(tmp_path, call(tmp_path / "unit.npy"), 4, "method 'unit' holds no CT slice in HU")
    broken = SMOOTH.copy()
    broken[:, 9, 9] = np.nan
    np.save(tmp_path / "nan.npy", broken.astype(np.float32))
    refused(tmp_path, call(tmp_path / "nan.npy"), 4, "NaN")


def test_doubtful_slices(call: Any, tmp_path: Path) -> None:
    shifted = tmp_path / "shifted"
    for index, hu in enumerate(SMOOTH):
        place = [0, 0, 5 * index + 100]
        write_dicom(shifted / f"{index}.dcm", np.round(hu), index, ImagePositionPatient=place)
    refused(tmp_path, call(shifted), 2, "share no position", "--match order")
    assert call(shifted, "--match", "order").status == 0


def test_slices_in_the_wrong_order(call: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", SMOOTH[::-1].astype(np.float32))
    refused(tmp_path, call(tmp_path / "m.npy"), 2, "matched to the wrong slices")


def test_nothing_there(call: Any, run: Run, tmp_path: Path) -> None:
    refused(tmp_path, call(tmp_path / "gone"), 2, "got nothing there")
    (tmp_path / "empty").mkdir()
    refused(tmp_path, call(tmp_path / "empty"), 4, "method 'empty' holds no CT slice", "empty")
    refused(tmp_path, call("x="), 2, "NAME=PATH")
    refused(tmp_path, call(tmp_path / "empty", "--window", "9"), 2, "'window' must be")


def test_a_file_in_place_of_the_folder(call: Any, data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    done = call(data / "smooth")
    assert (done.status, "must be a folder" in done.err) == (2, True)
    assert (tmp_path / "out").read_text() == "mine"


def test_an_empty_folder_is_not_the_working_folder(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sets = ("--reference", data / "full", "--input", data / "low", data / "smooth")
    done = run("benchmark", *sets, "--out", "")
    assert (done.status, "got an empty one" in done.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_why_too_few_slices_remain_is_summed_up(call: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "m", SMOOTH)
    for name in ("001.dcm", "002.dcm"):
        (folder / name).unlink()
    (folder / "notes.txt").write_text("hello")
    done = call(folder)
    refused(
        tmp_path, done, 4, "at least 3 slices that all sets have, got 2 (2 × method 'm' missing"
    )
    assert done.err.count("no slice that matches") == 1
    assert "1 × method 'm' unreadable, such as notes.txt: " in done.err


def test_an_interrupted_run_writes_nothing(
    call: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctiqa.benchmarking.files.benchmark_files", interrupted)
    done = call(data / "smooth")
    assert done.status == 130
    assert "stopped by the user: nothing was scored or written" in done.err
    assert not (tmp_path / "out").exists()
