"""The slices that are compared as CSV: one row per pair."""

from __future__ import annotations

from collections.abc import Iterator

from ctiqa.diff.matching.pairs import region_of, size_of
from ctiqa.diff.measures import MEASURES, values_of
from ctiqa.diff.measuring import Measured
from ctiqa.diff.result import Comparison
from ctiqa.score.report.as_json import rounded_json
from ctiqa.score.report.as_table import TableRow, rows_as_csv
from ctiqa.text.plain_text import clean

DIGITS = 6
"""Decimals of numbers."""

FACTS = ("series_uid", "file", "frame", "z_mm", "region", "water_equivalent_diameter_mm")
"""What is said of a slice beside its measures."""

COLUMNS = tuple(
    f"{name}_{column}"
    for column in (*FACTS, *(measure.key for measure in MEASURES))
    for name in ("a", "b")
)


def pairs_as_csv(comparison: Comparison) -> bytes:
    """The table as UTF-8 CSV with a header line; unknown values are empty cells."""
    return rows_as_csv(_rows(comparison), COLUMNS)


def _rows(comparison: Comparison) -> Iterator[TableRow]:
    for pair in comparison.found.pairs:
        yield {**_cells(comparison.a, pair.a), **_cells(comparison.b, pair.b)}


def _cells(scan: Measured, index: int) -> TableRow:
    """The cells of one slice of a pair."""
    verdict = scan.slices[index]
    source, values = verdict.header.source, values_of(verdict)
    cells: TableRow = {
        "series_uid": clean(scan.score.scan.series_uid),
        "file": clean(str(source.file)),
        "frame": source.frame,
        "z_mm": rounded_json(verdict.header.z_mm),
        "region": clean(region_of(verdict)),
        "water_equivalent_diameter_mm": rounded_json(size_of(verdict), DIGITS),
        **{m.key: rounded_json(values.get(m.key), DIGITS) for m in MEASURES},
    }
    return {f"{scan.name.lower()}_{column}": cell for column, cell in cells.items()}
