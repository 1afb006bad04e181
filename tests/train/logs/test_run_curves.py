from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from ctiqa.train.logs.run_curves import RUN_CURVES, draw_run, loss_curves, run_figure
from ctiqa.train.logs.run_log import MEMBER_COLUMNS, STUDENT_COLUMNS, table

HISTORY = [
    {"step": 4.0, "epoch": 1.0, "loss": 2.0, "val_loss": 2.5},
    {"step": 8.0, "epoch": 2.0, "loss": 1.0, "val_loss": 1.5},
]


def write(
    folder: Path,
    name: str,
    columns: Mapping[str, str] = MEMBER_COLUMNS,
    rows: Sequence[Mapping[str, float]] = HISTORY,
) -> None:
    (folder / f"train_info_{name}.csv").write_text(table(rows, columns))


def panels(folder: Path) -> dict[str, Axes]:
    return {axes.get_title(loc="left"): axes for axes in run_figure(loss_curves(folder)).axes}


def lines(axes: Axes) -> dict[str, tuple[list[float], list[float]]]:
    return {
        str(line.get_label()): (
            np.asarray(line.get_xdata(), dtype=float).tolist(),
            np.asarray(line.get_ydata(), dtype=float).tolist(),
        )
        for line in axes.lines
    }


def test_members_and_student_each_have_a_panel(tmp_path: Path) -> None:
    for name in ("fold_10", "fold_2", "fold_1"):
        write(tmp_path, name)
    write(tmp_path, "student", STUDENT_COLUMNS)
    write(tmp_path, "fine-tune", STUDENT_COLUMNS)
    write(tmp_path, "pretrain")
    (tmp_path / "eval_info.csv").write_text("Epoch,loss\n0,1\n")
    found = panels(tmp_path)
    assert list(found) == ["natural images (phase 1)", "teacher", "student"]
    both = ("training", "validation")
    assert list(lines(found["teacher"])) == [
        f"member {k}, {words}" for k in (0, 1, 9) for words in both
    ]
    assert list(lines(found["student"])) == [
        f"{name}, {words}" for name in ("student", "fine-tune") for words in both
    ]
    for axes in found.values():
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
        assert axes.get_legend() is not None
        trained, held_out = list(lines(axes).values())[:2]
        assert trained == ([1.0, 2.0], [2.0, 1.0])
        assert held_out == ([1.0, 2.0], [2.5, 1.5])


def test_a_run_that_is_not_finished_shows_what_is_there(tmp_path: Path) -> None:
    assert draw_run(tmp_path) is None
    assert not list(tmp_path.iterdir())
    without = [{key: value for key, value in HISTORY[0].items() if key != "val_loss"}]
    write(tmp_path, "fold_1", rows=without)
    (axes,) = panels(tmp_path).values()
    assert lines(axes) == {"member 0, training": ([1.0], [2.0])}
    assert draw_run(tmp_path) == tmp_path / RUN_CURVES
    assert (tmp_path / RUN_CURVES).read_bytes().startswith(b"\x89PNG")


def test_steps_tell_apart_validations_of_one_epoch(tmp_path: Path) -> None:
    write(tmp_path, "fold_1", rows=[{**HISTORY[0], "epoch": 0.5}, {**HISTORY[1], "epoch": 1.0}])
    (axes,) = panels(tmp_path).values()
    assert axes.get_xlabel() == "step"
    assert lines(axes)["member 0, training"] == ([4.0, 8.0], [2.0, 1.0])


@pytest.mark.parametrize("text", ["", "Epoch,loss\n", "Epoch,loss\none,two\n", "a,b\n1,2\n"])
def test_a_file_without_losses_does_not_end_a_training(tmp_path: Path, text: str) -> None:
    write(tmp_path, "fold_1")
    (tmp_path / "train_info_student.csv").write_text(text)
    assert [curve.name for curve in loss_curves(tmp_path)] == ["member 0"]


def test_the_authors_own_files_are_drawn_too(tmp_path: Path) -> None:
    """They have no steps, and no loss on what a student is validated on."""
    (tmp_path / "train_info_student.csv").write_text(",Epoch,overall_perf,loss\n0,0,2.5,0.5\n")
    (axes,) = panels(tmp_path).values()
    assert lines(axes) == {"student, training": ([1.0], [0.5])}
