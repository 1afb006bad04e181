"""The measures of every slice as CSV: one row per slice and set of images."""

from __future__ import annotations

from collections.abc import Iterator

from ctiqa.benchmarking.measures import MEASURES
from ctiqa.benchmarking.result import Benchmark
from ctiqa.score.report.as_json import rounded_json
from ctiqa.score.report.as_table import TableRow, rows_as_csv
from ctiqa.text.plain_text import clean

DIGITS = 6
"""Decimals of numbers."""

COLUMNS = ("scan", "z_mm", "set", "file", "frame", *(m.key for m in MEASURES), "findings")


def slices_as_csv(benchmark: Benchmark) -> bytes:
    """The table as UTF-8 CSV with a header line; unknown values are empty cells."""
    return rows_as_csv(_rows(benchmark), COLUMNS)


def _rows(benchmark: Benchmark) -> Iterator[TableRow]:
    for measured in benchmark.measured:
        for k, name in enumerate(benchmark.names):
            header = measured.case.headers[k]
            values = {
                measure.key: rounded_json(measured.values[k].get(measure.key), DIGITS)
                for measure in MEASURES
            }
            yield {
                "scan": clean(measured.case.scan),
                "z_mm": rounded_json(measured.case.headers[0].z_mm),
                "set": clean(name),
                "file": clean(str(header.source.file)),
                "frame": header.source.frame,
                **values,
                "findings": clean("; ".join(measured.findings[k])),
            }
