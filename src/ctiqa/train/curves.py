"""Loss and overall figure of a training, drawn as in the papers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.io.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Figures = Mapping[str, float]

TRAIN, VALIDATION = "#9aa5b1", "#1f5fa8"

LOSS = (("loss", "training", TRAIN), ("val_loss", "validation", VALIDATION))
OVERALL = (("train_overall", "training", TRAIN), ("overall", "validation", VALIDATION))


def draw_curves(history: Sequence[Figures], title: str, file: Path) -> None:
    """Draw loss and overall figure against epochs into a PNG.

    Args:
        history: Figures of every validation, with ``epoch``.
        title: What was trained.
        file: Where the picture goes.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(9, 3.6), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    _panel(left, history, LOSS, "loss")
    _panel(right, history, OVERALL, "overall = |PLCC| + |SROCC| + |KROCC|")
    best = max(history, key=lambda figures: figures["overall"])
    right.plot(best["epoch"], best["overall"], "o", color=VALIDATION, markersize=5)
    right.annotate(
        f"{best['overall']:.3f}",
        (best["epoch"], best["overall"]),
        xytext=(0, 7),
        textcoords="offset points",
        ha="center",
        color=VALIDATION,
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    write_bytes(file, stream.getvalue())


def _panel(
    axes: Axes, history: Sequence[Figures], curves: Sequence[tuple[str, str, str]], label: str
) -> None:
    for name, words, colour in curves:
        points = [(h["epoch"], h[name]) for h in history if name in h]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=colour, label=words, linewidth=1.8, marker=".", markersize=4)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.margins(y=0.12)
    axes.legend(frameon=False)
