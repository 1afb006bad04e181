"""Published results of the papers and the challenge, each with its source.

The values are in ``published.toml``. Results on different test sets are not comparable: every row
states its test set.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ctiqa.errors import DataError

PUBLISHED_METRICS = ("overall", "plcc", "srocc", "krocc", "mae", "mse")
"""Published metrics of a method, in the order of the papers' tables."""

FILE = Path(__file__).with_name("published.toml")

ROUNDED = 2.01e-4
"""Tolerance of the published sum of three published values, all rounded."""


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One published result.

    Attributes:
        table: Name of the table it belongs to.
        name: Method or setting.
        overall: |PLCC| + |SROCC| + |KROCC|.
        metrics: PLCC, SROCC, KROCC and, if published, MAE and MSE.
        measured_on: Test set.
        source: Publication.

    Raises:
        DataError: If the number of values or their sum is wrong.
    """

    table: str
    name: str
    overall: float
    metrics: tuple[float, ...]
    measured_on: str
    source: str

    def __post_init__(self) -> None:
        where = f"published row '{self.name}' of table '{self.table}'"
        values = (self.overall, *self.metrics)
        if len(self.metrics) not in (0, 3, 5) or not all(map(_is_number, values)):
            raise DataError(f"{where}: must hold 1, 4 or 6 numbers, got {list(values)}")
        if self.metrics and abs(sum(map(abs, self.metrics[:3])) - self.overall) > ROUNDED:
            raise DataError(
                f"{where}: overall must be the sum of PLCC, SROCC and KROCC, got {list(values)}"
            )

    @property
    def by_name(self) -> dict[str, float]:
        """The published metrics by name.

        >>> published("challenge")["RPI_AXIS"].by_name
        {'overall': 2.6843}
        """
        return dict(zip(PUBLISHED_METRICS, (self.overall, *self.metrics), strict=False))


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


@cache
def published_rows() -> tuple[PublishedRow, ...]:
    """All published rows, in the order of the file, which is read once."""
    return parse_published(FILE.read_text(encoding="utf-8"))


def parse_published(text: str) -> tuple[PublishedRow, ...]:
    """The rows of a text in the format of ``published.toml``.

    Raises:
        DataError: If the format or a row is wrong, or a row is given twice.

    >>> parse_published('''
    ... [[table]]
    ... name = "challenge"
    ... measured_on = "the 300 official test slices"
    ... source = "LDCTIQAC2023"
    ... rows.RPI_AXIS = [2.6843]
    ... ''')[0].overall
    2.6843
    """
    try:
        rows = tuple(row for table in tomllib.loads(text)["table"] for row in _rows(table))
    except DataError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(
            "published tables must be TOML with 'name', 'measured_on', 'source' and 'rows' in "
            f"every [[table]], got {error!r}"
        ) from None
    names = [(row.table, row.name) for row in rows]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise DataError(f"a published row must be given once, got {twice} more often")
    return rows


def _rows(table: Mapping[str, Any]) -> Iterator[PublishedRow]:
    for name, (overall, *metrics) in table["rows"].items():
        yield PublishedRow(
            table["name"], name, overall, tuple(metrics), table["measured_on"], table["source"]
        )


def published(table: str) -> dict[str, PublishedRow]:
    """The rows of one table by name.

    >>> published("blocks")["4 blocks"].overall
    2.807
    """
    return {row.name: row for row in published_rows() if row.table == table}


def published_for(kind: str, setting: str | None = None) -> dict[str, PublishedRow]:
    """The published rows of an ablation's variants, or of the compared networks.

    Args:
        kind: What is varied.
        setting: TFKT's setting of the data set: ``A`` (test slices held out of the challenge's
            training slices) or ``B`` (the official test slices); ``None`` for other data.

    Returns:
        The rows by name; empty if nothing is published.

    >>> published_for("tfkt", "B")["TFKT without phase 1"].overall
    2.6261
    """
    return published("challenge" if kind == "tfkt" and setting == "B" else kind)
