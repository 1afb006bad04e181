"""Scores that any other method gave, from a table: ``id,score`` and, for several, ``name``."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.errors import DataError
from ctiqa.evaluate.messages import bulleted, some
from ctiqa.evaluate.scale import Scale

COLUMNS = ("id", "score")

BEYOND = 0.5
"""Grades by which a score may lie beyond the scale, as a network's does that nobody clipped."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of predictions: where it stands and what it says."""

    line: int
    id: str
    score: str
    name: str

    @property
    def value(self) -> float:
        """The score; NaN where it is not a finite number."""
        try:
            value = float(self.score)
        except ValueError:
            return math.nan
        return value if math.isfinite(value) else math.nan


def read_predictions(
    file: Path, needed: Collection[str], known: Collection[str], scale: Scale
) -> dict[str, dict[str, float]]:
    """Scores by method and example.

    Args:
        file: CSV with the columns ``id`` and ``score``, and ``name`` where it holds the scores of
            more than one method; without it the method has the name of the file.
        needed: Examples that must be scored.
        known: All examples of the data set; their scores are welcome.
        scale: Scale of the labels.

    Returns:
        Scores by example, by method.

    Raises:
        DataError: Listing all that is wrong with the file.
    """
    rows = _rows(file)
    methods: dict[str, list[Row]] = {}
    for row in rows:
        methods.setdefault(row.name, []).append(row)
    problems = [
        problem if len(methods) == 1 else f"{name}: {problem}"
        for name, own in methods.items()
        for problem in _problems(own, needed, known, scale)
    ]
    if problems:
        raise DataError(bulleted(f"predictions '{file}':", problems))
    return {name: {row.id: row.value for row in own} for name, own in methods.items()}


def _rows(file: Path) -> list[Row]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _parsed(file, csv.DictReader(stream, strict=True))
    except OSError as error:
        raise DataError(f"predictions '{file}' cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"predictions '{file}' must be CSV in UTF-8: {error}") from None


def _parsed(file: Path, reader: csv.DictReader[str]) -> list[Row]:
    found = list(reader.fieldnames or ())
    if missing := [name for name in COLUMNS if name not in found]:
        raise DataError(
            f"predictions '{file}' must have the columns {' and '.join(COLUMNS)}, "
            f"{' and '.join(missing)} missing, got {', '.join(found) or 'none'}"
        )
    rows = [
        Row(
            reader.line_num,
            id=(cells["id"] or "").strip(),
            score=(cells["score"] or "").strip(),
            name=(cells.get("name") or "").strip() or file.stem,
        )
        for cells in reader
    ]
    if not rows:
        raise DataError(f"predictions '{file}' hold no rows")
    return rows


def _problems(
    rows: Sequence[Row], needed: Collection[str], known: Collection[str], scale: Scale
) -> Iterator[str]:
    counts: Mapping[str, int] = Counter(row.id for row in rows)
    all_known = frozenset(known)
    wrong = [row for row in rows if math.isnan(row.value)]
    low, high = (
        end + side * BEYOND * scale.grade
        for end, side in zip(scale.as_list(), (-1, 1), strict=True)
    )
    outside = [row for row in rows if row.value < low or row.value > high]
    found = {
        "missing examples": [name for name in needed if name not in counts],
        "examples that the data set does not have": [n for n in counts if n not in all_known],
        "examples given twice": [name for name, count in counts.items() if count > 1],
        "scores that are not finite numbers": [f"line {r.line}: {r.score!r}" for r in wrong],
        f"scores far outside {scale.low:g} to {scale.high:g}": [
            f"line {r.line}: {r.score}" for r in outside
        ],
    }
    for what, names in found.items():
        if names:
            yield f"{len(names)} {what}: {some(names)}"
