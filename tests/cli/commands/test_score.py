from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Run
from tests.score.made import phantom, write_dicom, write_series
from tests.score.tiny_model import write_model

from ctiqa.errors import OutputError, UsageError
from ctiqa.score.report.outputs import FORMATS


@pytest.fixture
def three_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A series in the folder ``scan`` below the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_series(tmp_path / "scan", 3)


def test_series_is_scored_and_written(run: Run, model: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 3)
    targets = [tmp_path / name for name in ("r.json", "r.csv", "r.parquet", "r.html")]
    json_file, csv_file, parquet_file, page = targets
    done = run(
        *("score", folder, "--model", model, "--jobs", "1"),
        *("--out", json_file, "--out", csv_file, "--out", parquet_file, "--out", page),
    )
    assert (done.status, done.err) == (0, "")
    assert all(path.stat().st_size > 500 for path in targets)
    (scan,) = json.loads(json_file.read_bytes())["scans"]
    assert f"{scan['score']:.1f} " in done.out
    for expected in ("3 of 3 slices", "Worst     000.dcm", "B40f · 120 kVp", "research use only"):
        assert expected in done.out


def test_report_is_another_name_of_out(run: Run, model: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "r.html", tmp_path / "r.csv"
    folder = write_series(tmp_path / "scan", 1)
    done = run("score", folder, "--model", model, "--report", page, "--report", table)
    assert (done.status, done.err) == (0, "")
    assert page.read_text().startswith("<!doctype html>")
    assert table.read_text().startswith("status,")


def test_help_names_every_output_format(run: Run) -> None:
    text = run("score", "--help").out
    assert [suffix for suffix in FORMATS if suffix not in text] == []


def test_no_patient_anywhere(run: Run, model: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 2)
    targets = [tmp_path / name for name in ("r.json", "r.csv", "r.html")]
    done = run(
        *("score", folder, "--model", model),
        *("--out", targets[0], "--out", targets[1], "--out", targets[2]),
    )
    everything = done.out + done.err + "".join(path.read_text() for path in targets)
    assert "secret" not in everything.lower()


def test_skipped_files_are_listed_by_reason(run: Run, model: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 2)
    write_dicom(folder / "mr.dcm", phantom(), Modality="MR")
    (folder / "notes.txt").write_text("hello")
    done = run("score", folder, "--model", model)
    assert done.status == 3
    assert "Skipped 1: not CT (not_ct)" in done.out
    assert "Skipped 1: not an image format that ctiqa reads (unknown_format)" in done.out
    assert str(folder / "mr.dcm") in done.out


def test_nothing_to_score_still_says_why(run: Run, model: Path, tmp_path: Path) -> None:
    write_dicom(tmp_path / "mr.dcm", phantom(), Modality="MR")
    out = tmp_path / "r.json"
    done = run("score", tmp_path / "mr.dcm", "--model", model, "--out", out)
    assert done.status == 4
    assert "not_ct" in done.out
    assert done.err == "error: nothing was scored: 1 × not CT (not_ct)\n"
    assert json.loads(out.read_bytes())["scans"] == []


def test_empty_folder(run: Run, model: Path, tmp_path: Path) -> None:
    done = run("score", tmp_path, "--model", model)
    assert done.status == 4
    assert done.err.startswith("error: no file in")


def test_air_is_an_answer(run: Run, model: Path, tmp_path: Path) -> None:
    blank = np.full((256, 256), -1000, dtype=np.float32)
    done = run("score", write_dicom(tmp_path / "air.dcm", blank), "--model", model)
    assert "Quality   not scored" in done.out
    assert "every pixel has the same value" in done.out
    assert done.status == 4
    assert done.err == ("error: nothing was scored: 1 × every pixel has the same value (blank)\n")


def test_abstaining_everywhere_is_written_and_says_so(
    run: Run, model: Path, tmp_path: Path
) -> None:
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    out = tmp_path / "r.json"
    done = run("score", write_dicom(tmp_path / "a.dcm", air), "--model", model, "--out", out)
    assert done.status == 4
    (scan,) = json.loads(out.read_bytes())["scans"]
    assert scan["flags"] == ["air", "not_scored"]


def test_one_score_is_enough(run: Run, model: Path, tmp_path: Path) -> None:
    write_series(tmp_path, 1)
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    write_dicom(tmp_path / "air.dcm", air, 1)
    assert run("score", tmp_path, "--model", model).status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere"),
        (["scan", "--slices", "9:2"], "with A before B"),
        (["scan", "--slices", "x"], "must be A:B"),
        (["scan", "--jobs", "0"], "'jobs' must be >= 1, got 0"),
        (["scan", "--jobs", "two"], "Invalid value for '--jobs'"),
        (["scan", "--window", "350/40"], "its own windows"),
        (["scan", "--window", "-300/40"], "'window.width_hu' must be > 0, got -300"),
        (["scan", "--out", "r.xls"], "must end in .json or .csv or .parquet or .html or .htm"),
        (["scan", "--out", "scan"], "must end in"),
        (["scan", "--report", "r.xls"], "must end in .json"),
        (["scan", "--out", "none/r.json"], "there is no folder none"),
        ([], "Missing argument"),
        (["scan", "--wrong"], "No such option"),
    ],
)
def test_wrong_usage_is_one_clear_message(
    run: Run, model: Path, three_slices: Path, words: list[str], message: str
) -> None:
    done = run("score", *words, "--model", model)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["score"], "error: Missing argument 'PATH' (see 'ctiqa score --help')\n"),
        (["score", "x", "--wrong"], "error: No such option: --wrong (see 'ctiqa score --help')\n"),
        (["weights", "eat"], "error: No such command 'eat' (see 'ctiqa weights --help')\n"),
        (["scor"], "error: No such command 'scor'. Did you mean 'score'? (see 'ctiqa --help')\n"),
    ],
)
def test_wrong_words_end_in_one_line(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    assert (done.status, done.out, done.err) == (2, "", said)


def test_no_words_ask_for_help(run: Run) -> None:
    done = run()
    assert done.status == 0
    assert "Usage: ctiqa" in done.out


def test_unknown_model(run: Run, tmp_path: Path) -> None:
    done = run("score", tmp_path, "--model", "ctiqa-x1")
    assert done.status == 2
    assert "did you mean 'ctiqa-s4'" in done.err


def test_altered_model(run: Run, tmp_path: Path) -> None:
    file = write_model(tmp_path)
    file.write_bytes(b"altered")
    done = run("score", tmp_path, "--model", file)
    assert done.status == 4
    assert "sha256 expected" in done.err


def test_impossible_output_is_refused_before_scoring(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("scored before the outputs were checked")

    monkeypatch.setattr("ctiqa.score.Scorer.find", never)
    (tmp_path / "r.json").mkdir()
    done = run("score", tmp_path, "--model", model, "--out", tmp_path / "r.json")
    assert done.status == 2
    assert "it is a folder" in done.err


def test_full_disc_keeps_the_old_result(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    folder = write_series(tmp_path / "scan", 1)
    out = tmp_path / "r.json"
    out.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    done = run("score", folder, "--model", model, "--out", out)
    assert done.status == 4
    assert "No space left on device" in done.err
    assert out.read_text() == "old"


def test_quiet_says_nothing(run: Run, model: Path, tmp_path: Path) -> None:
    done = run("score", write_series(tmp_path, 1), "--model", model, "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_slices_are_chosen(run: Run, model: Path, tmp_path: Path) -> None:
    done = run("score", write_series(tmp_path, 4), "--model", model, "--slices", "1:3")
    assert "2 of 2 slices" in done.out


def test_short_series_do_not_stop_an_archive(run: Run, model: Path, tmp_path: Path) -> None:
    lengths = {"long": 6, "short": 3, "none": 2}
    for number, (name, length) in enumerate(lengths.items()):
        write_series(
            tmp_path / name,
            length,
            first_hu=30.0 * number,
            SeriesInstanceUID=f"1.2.{number}",
        )
    out = tmp_path / "r.json"
    done = run("score", tmp_path, "--model", model, "--slices", "2:5", "--out", out)
    assert done.status == 3
    content = json.loads(out.read_bytes())
    assert [scan["n_slices"] for scan in content["scans"]] == [3, 1]
    assert content["scans"][1]["warnings"] == ["slices 2:5 reach beyond its 3 slices: 1 were taken"]
    assert [(each["reason"], Path(each["file"]).name) for each in content["skipped"]] == [
        ("not_selected", "none")
    ]


def test_no_slice_in_the_range_is_nothing_done(run: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    folder = write_series(tmp_path / "scan", 3)
    done = run("score", folder, "--model", model, "--slices", "10:40", "--out", out)
    assert done.status == 4
    assert "no slice in the chosen range (not_selected)" in done.err
    assert json.loads(out.read_bytes())["scans"] == []


def test_one_output_that_fails_costs_no_other(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.fsync
    calls = iter([True, False, False])

    def full_once(handle: int) -> None:
        if next(calls):
            raise OSError(28, "No space left on device")
        whole(handle)

    monkeypatch.setattr(os, "fsync", full_once)
    targets = [tmp_path / name for name in ("r.json", "r.csv", "r.html")]
    done = run(
        *("score", write_series(tmp_path / "scan", 1), "--model", model),
        *("--out", targets[0], "--out", targets[1], "--out", targets[2]),
    )
    assert done.status == 4
    assert "r.json' must be writable" in done.err
    assert [target.exists() for target in targets] == [False, True, True]
    assert "1 of 1 slices" in done.out


def test_long_lists_are_cut_short(run: Run, model: Path, tmp_path: Path) -> None:
    for index in range(45):
        (tmp_path / f"{index:03}.txt").write_text("hello")
    done = run("score", tmp_path, "--model", model)
    assert "and 5 more; --out FILE lists them all" in done.out


def test_terminal_codes_from_files_are_harmless(run: Run, model: Path, tmp_path: Path) -> None:
    write_series(tmp_path, 1, ConvolutionKernel="B\x1b[31m[bold]f")
    done = run("score", tmp_path, "--model", model)
    assert "\x1b" not in done.out
    assert "[bold]f" in done.out


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UsageError("'x' must be 1"), 2, "error: 'x' must be 1"),
        (OutputError("no space"), 4, "error: no space"),
        (KeyboardInterrupt(), 130, ""),
        (
            ZeroDivisionError("oh"),
            1,
            "this is a bug in ctiqa, please report it (ZeroDivisionError: oh)",
        ),
    ],
)
def test_errors_become_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.delenv("CTIQA_DEBUG", raising=False)
    monkeypatch.setattr("ctiqa.weights.load_model", fail)
    done = run("info")
    assert done.status == status
    assert message in done.err
    assert "Traceback" not in done.err


def test_debug_shows_where_a_bug_happened(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("CTIQA_DEBUG", "1")
    monkeypatch.setattr("ctiqa.score.Scorer.find", fail)
    assert "Traceback" in run("score", tmp_path, "--model", model).err
