"""Output files: checked before the work starts; writes are atomic."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes
from ctiqa.score.report.as_html import report_as_html
from ctiqa.score.report.as_json import report_as_json
from ctiqa.score.report.as_table import report_as_csv, report_as_parquet
from ctiqa.system.extras import require_extra

if TYPE_CHECKING:
    from ctiqa.score.report.report import Report


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How a report is written to files of one suffix.

    Attributes:
        render: Turns a report into the content of the file.
        libraries: Optional libraries that it needs, by the names that are imported.
        extra: The extra that installs them.
    """

    render: Callable[[Report], bytes]
    libraries: tuple[str, ...] = ()
    extra: str | None = None


FORMATS: dict[str, OutputFormat] = {
    ".json": OutputFormat(report_as_json),
    ".csv": OutputFormat(report_as_csv),
    ".parquet": OutputFormat(report_as_parquet, ("polars",), "parquet"),
    ".html": OutputFormat(report_as_html),
    ".htm": OutputFormat(report_as_html),
}
"""Output formats by suffix; ``ctiqa score --out`` and ``Report.write`` take them all."""


def check_outputs(paths: Iterable[Path]) -> None:
    """Check that reports can be written, before time is spent on scoring.

    Args:
        paths: Files to be written.

    Raises:
        UsageError: If a path has an unknown suffix, is a folder, its folder is missing or not
            writable, or its format needs a library that is not installed.
    """
    for path in paths:
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise UsageError(f"output {path} must end in {' or '.join(FORMATS)}")
        if reason := _blocked(path):
            raise UsageError(f"output {path} cannot be written: {reason}")
        require_extra(f"output {path}", *FORMATS[suffix].libraries, extra=FORMATS[suffix].extra)


def write_output(report: Report, path: Path) -> None:
    """Write a report in the format given by the suffix of the file.

    Args:
        report: The report to write.
        path: File to write; the write is atomic.

    Raises:
        UsageError: If the suffix is unknown, or the file cannot be written there.
        OutputError: If writing fails; an existing file is unchanged.
    """
    check_outputs([path])
    write_bytes(path, FORMATS[path.suffix.lower()].render(report))


def _blocked(path: Path) -> str | None:
    folder = path.parent
    if path.is_dir():
        return "it is a folder"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "no permission"
    return _held(path) if path.is_file() else None


def _held(path: Path) -> str | None:
    """Why a file cannot be replaced; on Windows a spreadsheet that has it open is enough."""
    try:
        path.open("ab").close()
    except OSError:
        return "no permission, or another program has it open"
    return None
