"""What reports say, and what a database holds."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from pydicom.dataset import Dataset

SCORE = "score"
"""Code of the score in the scheme 99CTIQA."""


def scores_in(report: Dataset) -> list[float]:
    """The scores that a structured report states."""
    return [value for code, value in numbers_in(report) if code == SCORE]


def numbers_in(report: Dataset) -> list[tuple[str, float]]:
    """All numbers that a structured report states, with their codes."""
    return [
        (
            str(item.ConceptNameCodeSequence[0].CodeValue),
            float(item.MeasuredValueSequence[0].NumericValue),
        )
        for item in items_of(report)
        if item.get("ValueType") == "NUM" and item.get("MeasuredValueSequence")
    ]


def items_of(item: Dataset) -> Iterator[Dataset]:
    """All content items below one."""
    for each in item.get("ContentSequence", []):
        yield each
        yield from items_of(each)


def everything_in(address: str) -> str:
    """All rows of all tables of a database, as text."""
    engine = sa.create_engine(address)
    try:
        with engine.connect() as connection:
            tables = sa.MetaData()
            tables.reflect(connection)
            return "\n".join(
                str(tuple(row))
                for table in tables.tables.values()
                for row in connection.execute(sa.select(table))
            )
    finally:
        engine.dispose()
