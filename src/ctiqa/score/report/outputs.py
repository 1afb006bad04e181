"""Where results go: checked before the work starts, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from ctiqa.errors import UsageError
from ctiqa.io import ReadOptions
from ctiqa.io.atomic import write_bytes
from ctiqa.score.report.as_json import report_as_json
from ctiqa.score.report.as_table import report_as_csv, report_as_parquet
from ctiqa.system.extras import require_extra
from ctiqa.types import Results

PAGES = (".html", ".htm")
"""Suffixes of the page for people; ``--report`` takes these alone."""

WRITERS: dict[str, Callable[[Results], bytes]] = {
    ".json": report_as_json,
    ".csv": report_as_csv,
    ".parquet": report_as_parquet,
}
"""Formats for programs by suffix."""

FORMATS = (*WRITERS, *PAGES)
"""Suffixes that a report can be written to."""


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
        if path.suffix.lower() == ".parquet":
            require_extra(f"output {path}", "polars", extra="parquet")


def write_output(results: Results, path: Path, options: ReadOptions) -> None:
    """Write a report in the format that the suffix of the file names.

    Args:
        results: What is reported.
        path: File to write, whole or not at all.
        options: How the files were read; a page shows some of their slices.

    Raises:
        UsageError: If there is no such format, or the file cannot lie there.
        OutputError: If it cannot be written; what was there before is untouched.
    """
    check_outputs([path], FORMATS)
    write_bytes(path, _rendered(results, path.suffix.lower(), options))


def _rendered(results: Results, suffix: str, options: ReadOptions) -> bytes:
    if suffix in WRITERS:
        return WRITERS[suffix](results)
    from ctiqa.score.report.as_html import report_as_html  # noqa: PLC0415 - slow to load

    return report_as_html(results, datetime.now().astimezone(), options)


def _blocked(path: Path) -> str | None:
    folder = path.parent
    if path.is_dir():
        return "it is a folder"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return "no permission"
    return None
