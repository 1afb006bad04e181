"""Metrics of a training for people: CSV with DistilIQA's column names, TensorBoard, plots.

The files contain no paths, so a run folder can be moved.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.io.atomic import make_folder, write_bytes

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LoggedMetrics = Mapping[str, float]
"""Metrics of one validation by name, with its ``step`` and ``epoch``."""

MEMBER_COLUMNS = {
    "Epoch": "epoch_number",
    "overall_perf": "train_overall",
    "train_loss": "loss",
    "val_overall_perf": "overall",
    "val_loss": "val_loss",
}
"""Columns of DistilIQA's ``train_info_fold_K.csv``, and their metrics."""

STUDENT_COLUMNS = {
    "Epoch": "epoch_number",
    "overall_perf": "train_overall",
    "loss": "loss",
    "teacher_overall_perf": "teacher_overall",
}
"""Columns of DistilIQA's ``train_info_student.csv``, and their metrics."""

FURTHER = (
    *("step", "train_mae", "overall", "plcc", "srocc", "krocc", "mae", "mse"),
    *("val_loss", "images_per_s", "waiting"),
)
"""Metrics written after the published columns, unless they are among them."""

BOARD = {
    "loss": "loss/training",
    "val_loss": "loss/validation",
    "train_overall": "overall/training",
    "overall": "overall/validation",
    "teacher_overall": "overall/teacher",
    "plcc": "agreement/plcc",
    "srocc": "agreement/srocc",
    "krocc": "agreement/krocc",
    "train_mae": "error/training mae",
    "mae": "error/mae",
    "mse": "error/mse",
    "images_per_s": "speed/images per second",
    "waiting": "speed/share of time waiting",
}
"""Metrics sent to TensorBoard, and their names there."""


@dataclass
class RunLog:
    """Metrics log of one training: ``NAME.csv``, ``NAME.png`` and ``tensorboard/NAME``.

    ``train_curves.png`` shows the losses of all trainings of the run.

    Attributes:
        folder: Folder of the run.
        name: Name of the files, without suffix.
        title: Title of the plot.
        columns: Published columns, and their metrics.
        always: Metrics that do not change during the training.
    """

    folder: Path
    name: str
    title: str
    columns: Mapping[str, str] = field(default_factory=lambda: MEMBER_COLUMNS)
    always: LoggedMetrics = field(default_factory=dict)
    _board: SummaryWriter | None = field(default=None, init=False, repr=False)

    def validated(self, history: Sequence[LoggedMetrics]) -> None:
        """Write the metrics of a validation.

        The CSV file always shows the history stored in the checkpoint: a resumed training writes
        no row twice and drops rows of steps that it repeats.

        Args:
            history: Metrics of every validation so far, the new one last.

        Raises:
            OutputError: If the file cannot be written.
        """
        rows = [{**self.always, **metrics} for metrics in history]
        make_folder(self.folder)
        write_bytes(self.folder / f"{self.name}.csv", table(rows, self.columns).encode())
        self._to_tensorboard(rows[-1])

    def finished(self, history: Sequence[LoggedMetrics]) -> None:
        """Plot the curves of this training and of the whole run; called once, at the end."""
        # matplotlib is slow to import.
        from ctiqa.train.logs.curves import draw_curves  # noqa: PLC0415
        from ctiqa.train.logs.run_curves import draw_run  # noqa: PLC0415

        if self._board:
            self._board.close()
            self._board = None
        rows = [{**self.always, **metrics} for metrics in history]
        draw_curves(rows, self.title, self.folder / f"{self.name}.png")
        draw_run(self.folder)

    def _to_tensorboard(self, metrics: LoggedMetrics) -> None:
        """Send metrics to TensorBoard, if it is installed."""
        if importlib.util.find_spec("tensorboard") is None:
            return
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional

        step = int(metrics["step"])
        if self._board is None:
            # This step and later ones are repeated: purge what an earlier process wrote.
            folder = self.folder / "tensorboard" / self.name
            self._board = SummaryWriter(str(folder), purge_step=step)
        for name, label in BOARD.items():
            if name in metrics:
                self._board.add_scalar(label, metrics[name], step)
        self._board.flush()


def table(rows: Sequence[LoggedMetrics], columns: Mapping[str, str]) -> str:
    """Metrics as CSV: row number (no heading), published columns, then all others.

    Args:
        rows: Metrics of every validation.
        columns: Published columns, and their metrics.

    Returns:
        Text with a header line; cells of missing metrics are empty.

    >>> print(table([{"step": 8, "epoch": 2.0, "loss": 0.25}], {"Epoch": "epoch_number"}))
    ,Epoch,step,train_mae,overall,plcc,srocc,krocc,mae,mse,val_loss,images_per_s,waiting
    0,1,8,,,,,,,,,,
    <BLANKLINE>
    """
    further = [name for name in FURTHER if name not in columns.values()]
    names = [*columns.values(), *further]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["", *columns, *further])
    for number, row in enumerate(rows):
        held = {**row, "epoch_number": epoch_number(row["epoch"])}
        writer.writerow([number, *(f"{held[name]:.9g}" if name in held else "" for name in names)])
    return stream.getvalue()


def epoch_number(epochs: float) -> int:
    """Number of the epoch, from 0 as in DistilIQA's files, that the last step belonged to.

    Args:
        epochs: Epochs done, > 0.

    >>> epoch_number(0.4), epoch_number(1.0), epoch_number(1.5)
    (0, 0, 1)
    """
    return math.ceil(epochs) - 1
