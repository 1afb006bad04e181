"""What a training leaves behind for people: CSV under DistilIQA's names, TensorBoard, curves."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctiqa.io.atomic import write_bytes

Figures = Mapping[str, float]

MEMBER_COLUMNS = {
    "Epoch": "epoch",
    "overall_perf": "train_overall",
    "train_loss": "loss",
    "val_overall_perf": "overall",
    "val_loss": "val_loss",
}
"""Columns of DistilIQA's ``train_info_fold_K.csv``, and what they hold here."""

STUDENT_COLUMNS = {
    "Epoch": "epoch",
    "overall_perf": "train_overall",
    "loss": "loss",
    "teacher_overall_perf": "teacher_overall",
}
"""Columns of DistilIQA's ``train_info_student.csv``, and what they hold here."""

FURTHER = (
    *("step", "train_mae", "overall", "plcc", "srocc", "krocc", "mae", "mse"),
    *("val_loss", "images_per_s", "waiting"),
)
"""What is written after the published columns."""


@dataclass
class RunLog:
    """The log of one training.

    Attributes:
        folder: Folder of the run.
        name: Name of the CSV file, without its suffix.
        title: What is trained, in words.
        columns: Published columns, and the figures they hold.
        always: Figures that do not change during the training.
    """

    folder: Path
    name: str
    title: str
    columns: Mapping[str, str] = field(default_factory=lambda: MEMBER_COLUMNS)
    always: Figures = field(default_factory=dict)

    def validated(self, history: Sequence[Figures]) -> None:
        """Write the figures of every validation so far; a resumed run writes none twice."""
        rows = [{**self.always, **figures} for figures in history]
        write_bytes(self.folder / f"{self.name}.csv", self._table(rows).encode())
        self._tensorboard(rows[-1])

    def finished(self, history: Sequence[Figures]) -> None:
        """Draw the curves."""
        from ctiqa.train.curves import draw_curves  # noqa: PLC0415 - matplotlib is slow to import

        draw_curves(history, self.title, self.folder / f"{self.name}.png")

    def _table(self, rows: Sequence[Figures]) -> str:
        further = [name for name in FURTHER if name not in self.columns.values()]
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["", *self.columns, *further])
        for number, row in enumerate(rows):
            values = [row.get(name, "") for name in (*self.columns.values(), *further)]
            writer.writerow([number, *(_short(value) for value in values)])
        return stream.getvalue()

    def _tensorboard(self, figures: Figures) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            return
        board = importlib.import_module("torch.utils.tensorboard")
        with board.SummaryWriter(str(self.folder / "tensorboard" / self.name)) as writer:
            for name, value in figures.items():
                if name not in {"step", "epoch", "seconds_left"}:
                    writer.add_scalar(name, value, int(figures["step"]))


def _short(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
