"""Scores of other methods from a CSV table: ``id,score`` and, for several methods, ``name``."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ctiqa.data.score_tables import ScoreRow, number_in, read_table
from ctiqa.errors import DataError, bulleted, some
from ctiqa.evaluate.scale import Scale

COLUMNS = ("id", "score")
_NAMES = ("name",)

FINITE = (-sys.float_info.max, sys.float_info.max)

BEYOND = 0.5
"""Grades by which a score may lie beyond the scale, since networks do not clip their scores."""


def read_predictions(
    file: Path, needed: Collection[str], known: Collection[str], scale: Scale
) -> dict[str, dict[str, float]]:
    """Scores by method and example.

    Args:
        file: CSV with the columns ``id`` and ``score``, and ``name`` if it holds the scores of
            several methods; otherwise the method has the name of the file.
        needed: Examples that must be scored.
        known: All examples of the data set, which may be scored.
        scale: Scale of the labels.

    Returns:
        Scores by example, by method.

    Raises:
        DataError: Listing every problem of the file.
    """
    rows, broken = read_table(file, COLUMNS, _NAMES, loose=True)
    methods: dict[str, list[ScoreRow]] = {}
    for row in rows:
        methods.setdefault(row.cells.get("name") or file.stem, []).append(row)
    problems = broken or [
        problem if len(methods) == 1 else f"{name}: {problem}"
        for name, own in methods.items()
        for problem in _problems(own, needed, known, scale)
    ]
    if problems:
        raise DataError(bulleted(f"predictions '{file}':", problems))
    return {name: {_id(row): _score(row) for row in own} for name, own in methods.items()}


def _id(row: ScoreRow) -> str:
    return row.cells.get("id", "")


def _score(row: ScoreRow) -> float:
    """The score; NaN if it is not a finite number."""
    value = number_in(row.cells.get("score"), FINITE)
    return math.nan if value is None else value


def _problems(
    rows: Sequence[ScoreRow], needed: Collection[str], known: Collection[str], scale: Scale
) -> Iterator[str]:
    counts = Counter(map(_id, rows))
    all_known = frozenset(known)
    wrong = [row for row in rows if math.isnan(_score(row))]
    low, high = (
        end + side * BEYOND * scale.grade
        for end, side in zip(scale.as_list(), (-1, 1), strict=True)
    )
    outside = [row for row in rows if _score(row) < low or _score(row) > high]
    found = {
        "missing examples": [name for name in needed if name not in counts],
        "examples that the data set does not have": [n for n in counts if n not in all_known],
        "examples given twice": [name for name, count in counts.items() if count > 1],
        "scores that are not finite numbers": [
            f"line {row.line}: {row.cells.get('score', '')!r}" for row in wrong
        ],
        f"scores far outside {scale.low:g} to {scale.high:g}": [
            f"line {row.line}: {row.cells['score']}" for row in outside
        ],
    }
    for what, names in found.items():
        if names:
            yield f"{len(names)} {what}: {some(names)}"
