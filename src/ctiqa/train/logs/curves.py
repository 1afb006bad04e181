"""Plots of the loss and the overall metric of a training, as in the papers."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CurveMetrics = Mapping[str, float]
Curves = Sequence[tuple[str, str, str]]
"""Metrics drawn in one panel: name, label, colour."""

TRAIN, VALIDATION, TEACHER = "#8a94a0", "#1f5fa8", "#c2691c"
INK, FAINT = "#1f2933", "#e4e7eb"

LOSS: Curves = (("loss", "training", TRAIN), ("val_loss", "validation", VALIDATION))
_OVERALL: Curves = (
    ("train_overall", "training", TRAIN),
    ("overall", "validation", VALIDATION),
    ("teacher_overall", "teacher, on training data", TEACHER),
)

MARKED_BELOW = 30
"""With fewer validations than this, each is marked by a point."""


def draw_curves(history: Sequence[CurveMetrics], title: str, file: Path) -> None:
    """Plot loss and overall metric against epochs, as a PNG file.

    Args:
        history: Metrics of every validation, with ``epoch``; missing or non-finite values leave a
            gap.
        title: What was trained.
        file: The PNG file; its folder must exist.

    Raises:
        UsageError: If there was no validation.
        OutputError: If the file cannot be written.
    """
    if not history:
        raise UsageError("curves need at least one validation, got none")
    write_png(curves(history, title), file)


def curves(history: Sequence[CurveMetrics], title: str) -> Figure:
    """The plot of :func:`draw_curves`: loss on the left, overall metric on the right."""
    figure = empty_figure(10)
    left, right = figure.subplots(1, 2)
    _draw(left, history, LOSS)
    _draw(right, history, _OVERALL)
    _mark_best(right, history)
    left.set_ylim(bottom=0)
    last = history[-1]["epoch"]
    finish_axes(left, "epoch", "loss", last)
    finish_axes(right, "epoch", "OPM = |PLCC| + |SROCC| + |KROCC|", last)
    figure.suptitle(title, x=0.012, ha="left", fontsize=11, fontweight="bold", color=INK)
    return figure


def empty_figure(width: float) -> Figure:
    """A white figure of a width in inches, without axes."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415 - slow to import

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08, wspace=0.04)
    return Figure(figsize=(width, 3.8), dpi=150, layout=layout, facecolor="white")


def write_png(figure: Figure, file: Path) -> None:
    """Write a figure as a PNG file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    write_bytes(file, stream.getvalue())


def _draw(axes: Axes, history: Sequence[CurveMetrics], drawn: Curves) -> None:
    epochs = [metrics["epoch"] for metrics in history]
    marker = "o" if len(history) < MARKED_BELOW else ""
    for name, words, colour in drawn:
        values = [metrics.get(name, math.nan) for metrics in history]
        if not any(map(math.isfinite, values)):
            continue
        if name == "teacher_overall":
            axes.axhline(values[-1], color=colour, label=words, linewidth=1.3, linestyle="--")
        else:
            axes.plot(epochs, values, color=colour, label=words, linewidth=1.7, marker=marker, ms=3)


def _mark_best(axes: Axes, history: Sequence[CurveMetrics]) -> None:
    """Mark the best validation with a ring."""
    found = [
        (h["overall"], h["epoch"]) for h in history if math.isfinite(h.get("overall", math.nan))
    ]
    if not found:
        return
    value, epoch = max(found, key=lambda pair: pair[0])
    label = f"best: {value:.4f}, epoch {epoch:g}"
    axes.plot(
        epoch,
        value,
        marker="o",
        linestyle="none",
        markersize=6.5,
        markerfacecolor="white",
        markeredgecolor=VALIDATION,
        markeredgewidth=1.7,
        label=label,
        zorder=5,
    )


def finish_axes(axes: Axes, across: str, label: str, last: float) -> None:
    """Finish axes, grid and legend.

    Args:
        axes: Axes with the curves.
        across: Label of the horizontal axis.
        label: Label of the vertical axis.
        last: Largest horizontal value.
    """
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(label, color=INK)
    axes.tick_params(colors=INK, length=0, labelsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(TRAIN)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlim(0, last * 1.03)
    if axes.lines:
        axes.legend(frameon=False, fontsize=9, labelcolor=INK)
