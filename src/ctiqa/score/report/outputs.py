"""Where results go: checked before the work starts, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes
from ctiqa.score.report.as_json import report_as_json
from ctiqa.score.report.as_table import report_as_csv, report_as_parquet
from ctiqa.types import Report

PAGES = (".html", ".htm")
"""Suffixes of ``--report``."""

WRITERS: dict[str, Callable[[Report], bytes]] = {
    ".json": report_as_json,
    ".csv": report_as_csv,
    ".parquet": report_as_parquet,
}
"""Formats of ``--out`` by suffix."""


def check_outputs(paths: Iterable[Path], suffixes: Iterable[str]) -> None:
    """Make sure that results can be written, so that no hour of scoring is lost.

    Args:
        paths: Files to be written.
        suffixes: Suffixes that are allowed.

    Raises:
        UsageError: If a path has another suffix, is a folder, lies in no folder or in one that
            cannot be written to, or needs a library that is not installed.
    """
    allowed = tuple(suffixes)
    for path in paths:
        if path.suffix.lower() not in allowed:
            raise UsageError(f"output {path} must end in {' or '.join(allowed)}")
        if reason := _blocked(path):
            raise UsageError(f"output {path} cannot be written: {reason}")
        if path.suffix.lower() == ".parquet" and find_spec("polars") is None:
            raise UsageError(
                f"output {path} needs polars: pip install 'ctiqa[parquet]', or write .csv"
            )


def write_outputs(report: Report, paths: Sequence[Path]) -> None:
    """Write the report to each path, in the format of its suffix.

    Raises:
        OutputError: If a file cannot be written; what was there before is untouched.
    """
    for path in paths:
        write_bytes(path, WRITERS[path.suffix.lower()](report))


def _blocked(path: Path) -> str | None:
    folder = path.parent
    if path.is_dir():
        return "it is a folder"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return "no permission"
    return None
