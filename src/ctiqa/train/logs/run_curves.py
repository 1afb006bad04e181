"""Plot of the losses of all trainings of a run, as in figure 4 of Shen et al.

It is made from the CSV files of the trainings, so it also works for incomplete and resumed runs.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.train.logs.curves import MARKED_BELOW, empty_figure, finish_axes, write_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUN_CURVES = "train_curves.png"

_FILE = re.compile(r"train_info_(?:fold_(?P<fold>\d+)|(?P<other>[a-z-]+))\.csv")

PANELS = {"pretrain": "natural images (phase 1)", "fold": "teacher", "student": "student"}
"""Titles of the panels in order, by the first training in each."""

_COLOURS = ("#1f5fa8", "#c2691c", "#2f8f5b", "#8a4fa3", "#b23a48", "#4a5560", "#a38a1f", "#2a9db0")


@dataclass(frozen=True, slots=True)
class LossCurve:
    """Losses of one training.

    Attributes:
        panel: Title of its panel.
        name: Name of the training within its panel.
        epoch: Number of the epoch, from 1, of every validation.
        step: Steps done at every validation; NaN if unknown.
        training: Training loss, of the recipe's kind; NaN if unknown.
        validation: Validation loss; NaN without held-out examples.
    """

    panel: str
    name: str
    epoch: tuple[float, ...]
    step: tuple[float, ...]
    training: tuple[float, ...]
    validation: tuple[float, ...]


def draw_run(folder: Path) -> Path | None:
    """Plot the losses of all trainings of a run to ``train_curves.png``.

    Args:
        folder: Folder of the run.

    Returns:
        The file; ``None`` if no training has been validated.

    Raises:
        OutputError: If it cannot be written.
    """
    found = loss_curves(folder)
    if not found:
        return None
    write_png(run_figure(found), folder / RUN_CURVES)
    return folder / RUN_CURVES


def loss_curves(folder: Path) -> list[LossCurve]:
    """Losses of every ``train_info_*.csv`` of a run: phase 1, members by number, student."""
    matches = [
        (_FILE.fullmatch(file.name), file) for file in sorted(folder.glob("train_info_*.csv"))
    ]
    read = [(_kind(match), file) for match, file in matches if match]
    order = {kind: place for place, kind in enumerate(PANELS)}
    read.sort(key=lambda each: (order.get(each[0][0], len(order)), each[0][1]))
    return [curve for (kind, number), file in read if (curve := _curve(kind, number, file))]


def _kind(match: re.Match[str]) -> tuple[str, int]:
    """Kind of a training, and number of a member."""
    return (match["other"], 0) if match["other"] else ("fold", int(match["fold"]) - 1)


def _curve(kind: str, number: int, file: Path) -> LossCurve | None:
    """Losses of one file; ``None`` if it has none."""
    with file.open(newline="", encoding="utf-8", errors="replace") as stream:
        rows = list(csv.DictReader(stream))
    names = {"pretrain": "features", "fold": f"member {number}"}
    curve = LossCurve(
        PANELS.get(kind, PANELS["student"]),
        names.get(kind, kind),
        tuple(_number(row, "Epoch") + 1 for row in rows),
        tuple(_number(row, "step") for row in rows),
        tuple(_number(row, "train_loss", "loss") for row in rows),
        tuple(_number(row, "val_loss") for row in rows),
    )
    known = any(map(math.isfinite, (*curve.training, *curve.validation)))
    return curve if known and all(map(math.isfinite, curve.epoch)) else None


def _number(row: Mapping[str, str | None], *names: str) -> float:
    """The first of these columns that is present, as a number; NaN if it is not a number."""
    text = next((row[name] for name in names if name in row), None)
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def run_figure(found: Sequence[LossCurve]) -> Figure:
    """One panel each for phase 1, teacher and student; training solid, validation dashed.

    The horizontal axis shows epochs, or steps if a training was validated more than once per
    epoch.
    """
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - slow to import

    panels = list(dict.fromkeys(curve.panel for curve in found))
    figure = empty_figure(max(5.0 * len(panels), 6.0))
    unit = "step" if any(map(_within_epochs, found)) else "epoch"
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        inside = [curve for curve in found if curve.panel == panel]
        for curve, colour in zip(inside, cycle(_COLOURS), strict=False):
            _draw(axes, curve, unit, colour)
        axes.set_title(panel, loc="left", fontsize=11, fontweight="bold")
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        finish_axes(axes, unit, "loss", max(max(getattr(curve, unit)) for curve in inside))
        # Below the panel: inside, ten entries would hide the curves.
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False, fontsize=8
        )
    return figure


def _within_epochs(curve: LossCurve) -> bool:
    """Whether it was validated more than once per epoch, and steps are known."""
    return len(set(curve.epoch)) < len(curve.epoch) and all(map(math.isfinite, curve.step))


def _draw(axes: Axes, curve: LossCurve, unit: str, colour: str) -> None:
    where = getattr(curve, unit)
    marker = "o" if len(where) < MARKED_BELOW else ""
    for words, values, style in (
        ("training", curve.training, "-"),
        ("validation", curve.validation, "--"),
    ):
        if any(map(math.isfinite, values)):
            label = f"{curve.name}, {words}"
            axes.plot(where, values, style, color=colour, label=label, lw=1.5, marker=marker, ms=3)
