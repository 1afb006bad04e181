"""The files of a survey: a summary, and a list of what was skipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ctiqa.archive.totals import Totals
from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes
from ctiqa.score.report.as_json import result_as_json
from ctiqa.score.report.as_table import TableRow, rows_as_csv
from ctiqa.score.report.outputs import check_outputs

SCHEMA = 1
"""Version of the summary."""


def check_survey_outputs(out: Path | None, skipped: Path | None) -> None:
    """Check that files can be written, before time is spent.

    Raises:
        UsageError: If a path has another suffix, both are one, or the folder cannot be written to.
    """
    for name, path, suffix in (("out", out, ".json"), ("skipped", skipped, ".csv")):
        if path is not None and path.suffix.lower() != suffix:
            raise UsageError(f"'{name}' must end in {suffix}, got {path}")
        if path is not None:
            check_outputs([path])


def summary_of(totals: Totals) -> Mapping[str, Any]:
    """The numbers of a survey, without names of files.

    >>> summary_of(Totals(listed=3, unchanged=3))["files"]
    {'listed': 3, 'unchanged': 3, 'gone': 0}
    """
    return {
        "complete": totals.is_complete,
        "stopped": totals.stopped,
        "files": {"listed": totals.listed, "unchanged": totals.unchanged, "gone": totals.gone},
        "series": {
            "stored": totals.stored,
            "known": totals.known,
            "left_out": totals.left_out,
        },
        "skipped": totals.reasons,
        "failed": [{"input": name, "detail": why} for name, why in totals.failed.items()],
    }


def write_summary(totals: Totals, path: Path, command: str) -> None:
    """Write the summary as JSON, atomically.

    Raises:
        OutputError: If it cannot be written.
    """
    now = datetime.now().astimezone()
    content = result_as_json(summary_of(totals), schema=SCHEMA, command=command, created=now)
    write_bytes(path, content)


def write_skipped(totals: Totals, path: Path) -> None:
    """Write the skipped files as CSV, atomically: their names may hold the names of patients.

    Raises:
        OutputError: If it cannot be written.
    """
    details = totals.details
    rows: list[TableRow] = [
        {"file": name, "reason": totals.skipped[name], "detail": details.get(name)}
        for name in sorted(totals.skipped)
    ]
    write_bytes(path, rows_as_csv(rows, ["file", "reason", "detail"]))
