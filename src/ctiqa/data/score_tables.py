"""Read and check CSV tables of scores."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.errors import DataError


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One line of a table.

    Attributes:
        file: Name of the file.
        line: Number of the line.
        cells: Text of each cell, stripped, by column.
    """

    file: str
    line: int
    cells: Mapping[str, str]

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.file}:{self.line}"


def read_table(
    file: Path, needed: Sequence[str], optional: Sequence[str] = (), *, loose: bool = False
) -> tuple[list[ScoreRow], list[str]]:
    """Read a CSV file.

    Args:
        file: UTF-8, comma-separated, with one line of column names.
        needed: Required columns.
        optional: Optional columns; any other column is a problem.
        loose: Allow other columns, empty cells, and lines with too few or too many cells.

    Returns:
        The lines of the table, and the problems of its columns and cells.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            columns = [cell.strip() for cell in next(reader, [])]
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"'{file}' must be a readable CSV file in UTF-8: {why}") from None
    known = (*needed, *optional)
    # Columns that are not read are not checked.
    read = [column for column in columns if column in known] if loose else columns
    problems = _column_problems(f"{file.name}:1", read, needed, known)
    if not lines:
        problems.append(f"{file.name}: must hold at least one line below the column names")
    rows = [
        ScoreRow(file.name, number, dict(zip(columns, map(str.strip, cells), strict=False)))
        for number, cells in lines
    ]
    if not loose:
        counts = (len(cells) for _, cells in lines)
        problems += [
            problem
            for row, count in zip(rows, counts, strict=True)
            for problem in _cell_problems(row, count, columns)
        ]
    return rows, problems


def _column_problems(
    where: str, columns: Sequence[str], needed: Sequence[str], known: Sequence[str]
) -> list[str]:
    return [
        *(f"{where}: lacks the column '{c}'; add it" for c in needed if c not in columns),
        *(f"{where}: has the extra column '{c}'; remove it" for c in columns if c not in known),
        *(f"{where}: has the column '{c}' {n} times" for c, n in Counter(columns).items() if n > 1),
    ]


def _cell_problems(row: ScoreRow, count: int, columns: Sequence[str]) -> list[str]:
    empty = [
        f"{row.where}: '{c}' is empty; fill it in" for c, cell in row.cells.items() if not cell
    ]
    if count != len(columns):
        return [*empty, f"{row.where}: must have {len(columns)} cells, got {count}"]
    return empty


def number_in(text: object, allowed: tuple[float, float]) -> float | None:
    """The number in a cell if it lies in a range; otherwise ``None``.

    >>> number_in("3.5", (0, 4)), number_in("nan", (0, 4)), number_in(True, (0, 4))
    (3.5, None, None)
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    try:
        value = float(text)
    except (ValueError, OverflowError):
        return None
    return value if allowed[0] <= value <= allowed[1] else None


def cell_number(
    row: ScoreRow, column: str, allowed: tuple[float, float]
) -> tuple[float, list[str]]:
    """The number in a cell, and its problems; :func:`read_table` reports absent and empty cells."""
    text = row.cells.get(column, "")
    value = number_in(text, allowed)
    if value is not None:
        return value, []
    low, high = allowed
    wrong = f"{row.where}: '{column}' must be a number in {low:g}…{high:g}, got {text!r}"
    return 0.0, [wrong] if text else []
