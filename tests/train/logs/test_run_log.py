from __future__ import annotations

import csv
import importlib.util
import time
from pathlib import Path
from typing import Any

import pytest

from ctiqa.train.logs.run_log import FURTHER, STUDENT_COLUMNS, RunLog, epoch_number

MEMBER = ["", "Epoch", "overall_perf", "train_loss", "val_overall_perf", "val_loss"]
STUDENT = ["", "Epoch", "overall_perf", "loss", "teacher_overall_perf"]


def figures(step: int, **changes: float) -> dict[str, float]:
    """What a validation after so many steps says, four steps an epoch."""
    found = {
        "loss": 1 / step,
        "train_overall": 2.0,
        "train_mae": 0.3,
        "overall": 2.5,
        "plcc": 0.9,
        "srocc": 0.85,
        "krocc": 0.75,
        "mae": 0.25,
        "mse": 1.25e-7,
        "val_loss": 0.5,
        "images_per_s": 12.5,
        "waiting": 0.01,
        "seconds_left": 60.0,
    }
    return {"step": float(step), "epoch": step / 4, **found, **changes}


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def heading(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if TensorBoard were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorboard" else find(name)
    )


@pytest.mark.usefixtures("quiet")
def test_a_members_table_begins_with_the_authors_columns(tmp_path: Path) -> None:
    RunLog(tmp_path, "train_info_fold_1", "member").validated([figures(4), figures(8)])
    file = tmp_path / "train_info_fold_1.csv"
    names = heading(file)
    assert names[: len(MEMBER)] == MEMBER
    assert names[len(MEMBER) :] == [n for n in FURTHER if n not in {"overall", "val_loss"}]
    first, second = rows(file)
    assert [first[name] for name in MEMBER] == ["0", "0", "2", "0.25", "2.5", "0.5"]
    assert [second[name] for name in MEMBER] == ["1", "1", "2", "0.125", "2.5", "0.5"]
    assert (second["step"], second["mse"], second["plcc"]) == ("8", "1.25e-07", "0.9")


@pytest.mark.usefixtures("quiet")
def test_a_students_table_begins_with_the_authors_columns(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "info", "student", STUDENT_COLUMNS, always={"teacher_overall": 2.8})
    log.validated([figures(4)])
    assert heading(tmp_path / "info.csv") == [*STUDENT, *FURTHER]
    (row,) = rows(tmp_path / "info.csv")
    assert [row[name] for name in STUDENT] == ["0", "0", "2", "0.25", "2.8"]
    assert (row["overall"], row["val_loss"]) == ("2.5", "0.5")


@pytest.mark.usefixtures("quiet")
def test_what_is_not_known_is_an_empty_cell(tmp_path: Path) -> None:
    RunLog(tmp_path, "info", "student", STUDENT_COLUMNS).validated([{"step": 4.0, "epoch": 1.0}])
    (row,) = rows(tmp_path / "info.csv")
    assert (row["teacher_overall_perf"], row["overall"], row["step"]) == ("", "", "4")


@pytest.mark.usefixtures("quiet")
def test_a_resumed_run_writes_no_row_twice(tmp_path: Path) -> None:
    RunLog(tmp_path, "info", "member").validated([figures(4), figures(8), figures(12)])
    # Killed; its last checkpoint is that of step 4, and step 8 is done again.
    RunLog(tmp_path, "info", "member").validated([figures(4), figures(8)])
    assert [row["step"] for row in rows(tmp_path / "info.csv")] == ["4", "8"]


@pytest.mark.usefixtures("quiet")
def test_the_folder_is_made_and_nothing_but_the_table_left(tmp_path: Path) -> None:
    RunLog(tmp_path / "run", "info", "member").validated([figures(4)])
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["info.csv"]


@pytest.mark.parametrize(
    ("epochs", "number"), [(0.01, 0), (1.0, 0), (1.01, 1), (2.0, 1), (500.0, 499)]
)
def test_epochs_are_counted_from_zero_as_the_authors_do(epochs: float, number: int) -> None:
    assert epoch_number(epochs) == number


def told(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a folder."""
    accumulator: Any = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="TensorBoard is not installed",
    )
    board = accumulator.EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, event.value) for event in board.Scalars(tag)]
        for tag in board.Tags()["scalars"]
    }


def test_tensorboard_shows_every_validation_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "info", "student", always={"teacher_overall": 2.75})
    log.validated([figures(4)])
    log.validated([figures(4), figures(8, overall=2.625)])
    shown = told(tmp_path / "tensorboard" / "info")
    assert shown["overall/validation"] == [(4, 2.5), (8, 2.625)]
    assert shown["overall/teacher"] == [(4, 2.75), (8, 2.75)]
    assert shown["loss/training"] == [(4, 0.25), (8, 0.125)]
    assert shown["loss/validation"] == [(4, 0.5), (8, 0.5)]
    assert not {tag for tag in shown if "left" in tag or "epoch" in tag}
    log.finished([figures(4), figures(8)])
    assert len(list((tmp_path / "tensorboard" / "info").iterdir())) == 1


def test_tensorboard_forgets_steps_that_are_done_again(tmp_path: Path) -> None:
    killed = RunLog(tmp_path, "info", "member")
    history = [figures(4), figures(8), figures(12)]
    for k in (1, 2, 3):
        killed.validated(history[:k])
    # Files of one second are read in the order of their numbers as text: 10 before 9.
    time.sleep(1.1)
    resumed = RunLog(tmp_path, "info", "member")
    again = [figures(4), figures(8, overall=2.875)]
    resumed.validated(again)
    shown = told(tmp_path / "tensorboard" / "info")
    assert shown["overall/validation"] == [(4, 2.5), (8, 2.875)]
    for log in (killed, resumed):
        log.finished(again)


def test_a_finished_run_names_no_place(tmp_path: Path) -> None:
    folder = tmp_path / "a-place-of-its-own"
    log = RunLog(folder, "info", "member")
    log.validated([figures(4)])
    log.finished([figures(4)])
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".csv", ".png"}
    assert not [file for file in files if b"a-place-of-its-own" in file.read_bytes()]


@pytest.mark.usefixtures("quiet")
def test_a_finished_training_draws_the_whole_run(tmp_path: Path) -> None:
    history = [figures(4), figures(8)]
    for name in ("train_info_fold_1", "train_info_student"):
        log = RunLog(tmp_path, name, name)
        log.validated(history)
        log.finished(history)
        (tmp_path / "train_curves.png").rename(tmp_path / f"after_{name}.png")
    member, both = sorted(tmp_path.glob("after_*.png"))
    assert member.read_bytes() != both.read_bytes()
