"""Read the scores of readers: a CSV file, or rows of one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctiqa.data.score_tables import ScoreRow, cell_number, read_table
from ctiqa.errors import list_problems
from ctiqa.types import SCORE_RANGE

OPTIONAL = ("path", "id", "reader", "patient", "split")
"""Columns besides ``score``; ``split`` is of use for training only."""

Rows = Iterable[Mapping[str, object]]
"""Rows of a table as mappings from column to cell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One score by one reader.

    Attributes:
        case: Path or UID of the case.
        is_path: Whether it is in the column ``path``.
        score: Score in grades, 0 to 4.
        reader: Name of the reader; empty if the table names none.
        patient: Name of the patient; empty if the table names none.
        where: File and line, for messages.
    """

    case: str
    is_path: bool
    score: float
    reader: str
    patient: str
    where: str


def read_readings(
    readers: Path | Rows, score_range: tuple[float, float] = SCORE_RANGE
) -> list[Reading]:
    """Read and check the scores of readers.

    Args:
        readers: CSV file with the columns ``path`` or ``id``, ``score`` and, if known, ``reader``
            and ``patient``; or its rows.
        score_range: Worst and best score of the readers' scale; the worst may be the larger.

    Raises:
        DataError: If the table breaks a rule; the message lists all problems.
    """
    rows, problems = _rows(readers)
    problems += _column_problems(rows)
    readings = []
    for row in rows:
        low, high = min(score_range), max(score_range)
        score, wrong = cell_number(row, "score", (low, high))
        problems += wrong
        readings.append(_reading(row, _grade(score, score_range)))
    problems += _repeated(readings)
    list_problems(readers if isinstance(readers, Path) else "readers", problems)
    return readings


def _rows(readers: Path | Rows) -> tuple[list[ScoreRow], list[str]]:
    if isinstance(readers, Path):
        return read_table(readers, ("score",), OPTIONAL)
    rows = [
        ScoreRow("row", number, {str(name): str(cell).strip() for name, cell in row.items()})
        for number, row in enumerate(readers, start=1)
    ]
    lacking = [f"{row.where}: lacks 'score'; add it" for row in rows if not row.cells.get("score")]
    return rows, lacking if rows else ["must hold at least one row"]


def _column_problems(rows: Iterable[ScoreRow]) -> list[str]:
    for row in rows:
        if ("path" in row.cells) == ("id" in row.cells):
            return [
                f"{row.where}: must name its case in 'path' (a file or folder) or in 'id' (a UID), "
                "in one of them; rename or remove a column"
            ]
    return []


def _grade(score: float, score_range: tuple[float, float]) -> float:
    """A score in grades, 0 to 4."""
    worst, best = score_range
    return SCORE_RANGE[0] + (score - worst) / (best - worst) * (SCORE_RANGE[1] - SCORE_RANGE[0])


def _reading(row: ScoreRow, grade: float) -> Reading:
    path = row.cells.get("path", "")
    return Reading(
        case=posixpath.normpath(path.replace("\\", "/")) if path else row.cells.get("id", ""),
        is_path=bool(path),
        score=grade,
        reader=row.cells.get("reader", ""),
        patient=row.cells.get("patient", ""),
        where=row.where,
    )


def _repeated(readings: Iterable[Reading]) -> list[str]:
    """Problems: two scores of a case by one reader, or two patients of a case."""
    problems: list[str] = []
    first: dict[tuple[str, str], str] = {}
    owner: dict[str, str] = {}
    for each in readings:
        where = first.setdefault((each.case, each.reader), each.where)
        if each.case and where != each.where:
            by = f" by reader {each.reader}" if each.reader else ""
            problems.append(
                f"{each.where}: {each.case} is scored{by} already in {where}; remove one, or name "
                "the readers in a column 'reader'"
            )
        patient = owner.setdefault(each.case, each.patient)
        if patient != each.patient:
            problems.append(
                f"{each.where}: {each.case} must be of one patient, got {each.patient} and "
                f"{patient}"
            )
    return problems
