"""The two tables of DistilIQA's evaluation, with the same names and columns.

Baldeon-Calisto et al., Comput Biol Med 177:108670, 2024. Programs that read the authors' files
can read these; columns that ctiqa adds come after theirs.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes
from ctiqa.metrics.agreement.coefficients import Agreement

EVAL_INFO = "eval_info.csv"
ACCUMULATE_METRICS = "accumulate_metrics.csv"

Cell = str | float

# The authors write this one name with a trailing space, and their programs expect it.
OVERALL = "overall "

IMAGE_COLUMNS = ("patient", "true", "pred")
"""The authors' columns; their ``patient`` holds the name of the image."""


def write_eval_info(
    folder: Path,
    names: Sequence[str],
    label: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    further: Mapping[str, Sequence[Cell]] | None = None,
) -> Path:
    """Write ``eval_info.csv``: the true and the predicted score of every image.

    Args:
        folder: Folder that it goes into; it must exist.
        names: Name of every image, not an absolute path: the folder may be moved or shared.
        label: Labels [n].
        predicted: Predicted scores [n]; NaN if the network abstains (an empty cell).
        further: Additional columns, by name [n each].

    Returns:
        The file.

    Raises:
        UsageError: If columns differ in length or use a published name, or names are absolute.
        OutputError: If it cannot be written; an existing file is not changed.
    """
    columns: dict[str, Sequence[Cell]] = {
        **dict(zip(IMAGE_COLUMNS, (names, _scores(label), _scores(predicted)), strict=True)),
        **(further or {}),
    }
    _check(columns, further or {})
    rows = zip(*columns.values(), strict=True)
    return _write(folder / EVAL_INFO, columns, rows)


def write_accumulate_metrics(folder: Path, found: Agreement) -> Path:
    """Write ``accumulate_metrics.csv``: the agreement over all images, in one row.

    Correlations keep their sign, unlike the authors': a network that ranks images in reverse must
    not look right. ``overall`` is |PLCC| + |SROCC| + |KROCC| in both.

    Args:
        folder: Folder that it goes into; it must exist.
        found: The agreement.

    Returns:
        The file.

    Raises:
        OutputError: If it cannot be written; an existing file is not changed.
    """
    metrics = {OVERALL if k == "overall" else k: v for k, v in found.as_dict().items()}
    return _write(folder / ACCUMULATE_METRICS, metrics, [metrics.values()])


def _scores(values: npt.ArrayLike) -> list[float]:
    return [float(value) for value in np.asarray(values, dtype=np.float64).ravel()]


def _check(columns: Mapping[str, Sequence[Cell]], further: Mapping[str, object]) -> None:
    problems = [f"'{name}' is a published column" for name in IMAGE_COLUMNS if name in further]
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        problems.append(f"columns must be of one length, got {lengths}")
    absolute = [str(name) for name in columns["patient"] if _is_absolute(str(name))]
    if absolute:
        problems.append(f"names must be relative, got '{absolute[0]}' ({len(absolute)} in all)")
    if problems:
        raise UsageError("; ".join(problems))


def _is_absolute(name: str) -> bool:
    return PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute()


def _write(file: Path, columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Path:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["", *columns])
    for number, row in enumerate(rows):
        writer.writerow([number, *(_text(cell) for cell in row)])
    write_bytes(file, stream.getvalue().encode())
    return file


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if math.isnan(cell) else f"{cell:.9g}"
