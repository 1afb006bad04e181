"""The report as a flat table with one row per slice, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

from ctiqa.errors import UsageError
from ctiqa.score.report.as_json import PHYSICS, rounded_json
from ctiqa.score.report.model_facts import model_title
from ctiqa.text.plain_text import UNSHOWABLE, clean
from ctiqa.types import PatientPhysics, Results, ScanScore, Skipped, SliceScore

TableCell = str | float | int | None
TableRow = dict[str, TableCell]

TEXT, REAL, WHOLE = "text", "real", "whole"

_COLUMNS: dict[str, str] = {
    "status": TEXT,
    "file": TEXT,
    "frame": WHOLE,
    "series_uid": TEXT,
    "instance_uid": TEXT,
    "z_mm": REAL,
    "score": REAL,
    "low": REAL,
    "high": REAL,
    "equivalent_noise_hu": REAL,
    "dose_reserve": REAL,
    "region": TEXT,
    "findings": TEXT,
    "flags": TEXT,
    "scan_score": REAL,
    "scan_low": REAL,
    "scan_high": REAL,
    "scan_equivalent_noise_hu": REAL,
    "scan_dose_reserve": REAL,
    **dict.fromkeys(PHYSICS, REAL),
    "kvp": REAL,
    "exposure_mas": REAL,
    "ctdivol_mgy": REAL,
    "slice_thickness_mm": REAL,
    "kernel": TEXT,
    "manufacturer": TEXT,
    "model": TEXT,
    "body_part": TEXT,
    "reason": TEXT,
    "detail": TEXT,
    "scored_by": TEXT,
}
"""Columns and the type of their cells. ``status`` is ``scored``, ``abstained`` or ``skipped``."""

FORMULA_STARTS = "=+-@"
"""Characters that a spreadsheet may read as the start of a formula, also in fullwidth and small
forms."""


_BLANK = f" '{UNSHOWABLE}"
"""Characters that may precede a formula, because they are ignored or lost on copying."""


def report_rows(report: Results) -> list[TableRow]:
    """One row per slice, then one per skipped input, with all columns."""
    scored_by = model_title(report.model)
    slices = [_slice_row(scan, each) for scan in report.scans for each in scan.slices]
    all_empty: TableRow = dict.fromkeys(_COLUMNS)
    rows = [*slices, *(_skipped_row(each) for each in report.skipped)]
    return [
        {name: _cell(cell) for name, cell in (all_empty | row | {"scored_by": scored_by}).items()}
        for row in rows
    ]


def report_as_csv(report: Results) -> bytes:
    """The table as UTF-8 CSV with a header line; unknown values are empty cells.

    A text that a spreadsheet would run as a formula is prefixed with an apostrophe, because
    kernels and file names are untrusted.
    """
    return rows_as_csv(report_rows(report), tuple(_COLUMNS))


def rows_as_csv(rows: Iterable[TableRow], columns: Sequence[str]) -> bytes:
    r"""A table as UTF-8 CSV with a header line; no cell can run as a formula.

    Args:
        rows: Cells by column; columns that a row lacks are empty.
        columns: Names of the columns, in order.

    >>> rows_as_csv([{"kernel": "=1+1", "score": None}], ["kernel", "score"])
    b"kernel,score\r\n'=1+1,\r\n"
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: spreadsheet_cell(cell) for name, cell in row.items()})
    return text.getvalue().encode()


def report_as_parquet(report: Results) -> bytes:
    """The table as Parquet.

    Raises:
        UsageError: If polars is not installed.
    """
    try:
        import polars  # noqa: PLC0415 - optional
    except ImportError as error:
        raise UsageError(
            "writing .parquet needs polars: pip install 'ctiqa[parquet]', or write .csv"
        ) from error
    kinds = {TEXT: polars.String, REAL: polars.Float64, WHOLE: polars.Int64}
    schema = {name: kinds[kind] for name, kind in _COLUMNS.items()}
    buffer = io.BytesIO()
    polars.DataFrame(report_rows(report), schema=schema).write_parquet(buffer)
    return buffer.getvalue()


def _slice_row(scan: ScanScore, verdict: SliceScore) -> TableRow:
    header = verdict.header
    return {
        "status": "abstained" if verdict.score is None else "scored",
        "file": str(header.source.file),
        "frame": header.source.frame,
        "series_uid": scan.scan.series_uid,
        "instance_uid": header.source.instance_uid,
        "z_mm": rounded_json(header.z_mm),
        "region": verdict.region,
        "findings": "; ".join(verdict.findings),
        "flags": " ".join(verdict.flags),
        **_score_cells("", verdict),
        **_score_cells("scan_", scan),
        **_physics_cells(verdict.physics),
        **{name: getattr(header.acquisition, name) for name in _ACQUISITION},
    }


_ACQUISITION = (
    "kvp",
    "exposure_mas",
    "ctdivol_mgy",
    "slice_thickness_mm",
    "kernel",
    "manufacturer",
    "model",
    "body_part",
)


def _score_cells(prefix: str, verdict: SliceScore | ScanScore) -> TableRow:
    low, high = verdict.interval or (None, None)
    cells = {
        "score": verdict.score,
        "low": low,
        "high": high,
        "equivalent_noise_hu": verdict.equivalent_noise_hu,
        "dose_reserve": verdict.dose_reserve,
    }
    return {prefix + name: rounded_json(value) for name, value in cells.items()}


def _physics_cells(found: PatientPhysics | None) -> TableRow:
    """The physical measures; no cells for a slice that was not measured."""
    if found is None:
        return {}
    return {name: rounded_json(getattr(found, name), 6) for name in PHYSICS}


def _skipped_row(each: Skipped) -> TableRow:
    return {
        "status": "skipped",
        "file": str(each.file),
        "reason": each.reason.value,
        "detail": each.detail,
    }


def _cell(value: TableCell) -> TableCell:
    """A value for a table: cleaned text, a finite rounded number, or ``None``."""
    if isinstance(value, str):
        return clean(value)
    return rounded_json(value)


def spreadsheet_cell(cell: TableCell) -> TableCell:
    """A text that no spreadsheet runs as a formula.

    >>> spreadsheet_cell("B40f"), spreadsheet_cell(" =1+1"), spreadsheet_cell("＝1")
    ('B40f', "' =1+1", "'＝1")
    """
    if not isinstance(cell, str):
        return cell
    start = unicodedata.normalize("NFKC", cell.lstrip(_BLANK))[:1]
    return f"'{cell}" if start and start in FORMULA_STARTS else cell
