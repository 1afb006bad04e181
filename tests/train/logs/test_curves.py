from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from matplotlib.axes import Axes

from ctiqa.errors import UsageError
from ctiqa.train.logs.curves import curves, draw_curves

HISTORY = [
    {"epoch": 1.0, "loss": 2.0, "val_loss": 2.5, "train_overall": 1.5, "overall": 1.25},
    {"epoch": 2.0, "loss": 1.0, "val_loss": 1.5, "train_overall": 2.5, "overall": 2.75},
    {"epoch": 3.0, "loss": 0.5, "val_loss": 1.75, "train_overall": 2.75, "overall": 2.5},
]


def drawn(axes: Axes) -> dict[str, tuple[list[float], list[float]]]:
    return {
        str(line.get_label()): (
            np.asarray(line.get_xdata(), dtype=float).tolist(),
            np.asarray(line.get_ydata(), dtype=float).tolist(),
        )
        for line in axes.lines
    }


def test_loss_and_overall_figure_of_training_and_validation() -> None:
    left, right = curves(HISTORY, "student").axes
    epochs = [1.0, 2.0, 3.0]
    assert drawn(left) == {
        "training": (epochs, [2.0, 1.0, 0.5]),
        "validation": (epochs, [2.5, 1.5, 1.75]),
    }
    assert drawn(right) == {
        "training": (epochs, [1.5, 2.5, 2.75]),
        "validation": (epochs, [1.25, 2.75, 2.5]),
        "best: 2.7500, epoch 2": ([2.0], [2.75]),
    }
    assert [axes.get_xlabel() for axes in (left, right)] == ["epoch", "epoch"]
    assert left.get_ylabel() == "loss"
    assert right.get_ylabel() == "OPM = |PLCC| + |SROCC| + |KROCC|"
    assert left.get_ylim()[0] == 0


def test_the_teacher_is_a_line_to_reach() -> None:
    taught = [{**figures, "teacher_overall": 2.9} for figures in HISTORY]
    _, right = curves(taught, "student").axes
    assert drawn(right)["teacher, on training data"][1] == [2.9, 2.9]


def test_what_is_missing_leaves_a_gap_or_no_curve() -> None:
    history = [{**HISTORY[0], "overall": math.nan}, {"epoch": 2.0, "loss": 1.0, "overall": 2.0}]
    for figures in history:
        figures.pop("val_loss", None)
    left, right = curves(history, "member").axes
    assert list(drawn(left)) == ["training"]
    _, values = drawn(right)["validation"]
    assert math.isnan(values[0])
    assert values[1] == 2.0
    assert "best: 2.0000, epoch 2" in drawn(right)


@pytest.mark.parametrize("count", [1, 3, 200])
def test_the_picture_is_written_whole(tmp_path: Path, count: int) -> None:
    history = [{**HISTORY[k % 3], "epoch": k + 1.0} for k in range(count)]
    draw_curves(history, "teacher member 0", tmp_path / "curves.png")
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]
    pixels = image.imread(io.BytesIO((tmp_path / "curves.png").read_bytes()))
    assert pixels.shape[:2] == (570, 1500)
    # Ink on white, in both halves.
    for half in np.array_split(pixels[..., :3], 2, axis=1):
        assert half.max() == 1
        assert half.min() < 0.3


def test_the_same_history_gives_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_curves(HISTORY, "student", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_without_a_validation_there_is_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one validation"):
        draw_curves([], "student", tmp_path / "curves.png")
