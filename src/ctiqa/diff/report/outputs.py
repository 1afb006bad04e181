"""The files of a comparison, in the format given by the suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from ctiqa.diff.report.as_csv import pairs_as_csv
from ctiqa.diff.report.as_json import comparison_as_json
from ctiqa.diff.report.page import comparison_page
from ctiqa.diff.result import Comparison
from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes
from ctiqa.score.report.outputs import check_outputs as check_places

Render = Callable[[Comparison, str, datetime], bytes]
"""Makes the content of a file."""

FORMATS: Mapping[str, Render] = {
    ".json": comparison_as_json,
    ".csv": lambda comparison, _command, _created: pairs_as_csv(comparison),
    ".html": comparison_page,
    ".htm": comparison_page,
}
"""Formats by suffix."""


def check_outputs(paths: Iterable[Path]) -> None:
    """Check that files can be written, before time is spent on scoring.

    Raises:
        UsageError: If a path has an unknown suffix, is a folder, or its folder is missing or not
            writable.
    """
    for path in paths:
        if path.suffix.lower() not in FORMATS:
            raise UsageError(f"output {path} must end in {' or '.join(FORMATS)}")
        check_places([path])


def write_output(comparison: Comparison, path: Path, command: str) -> None:
    """Write a comparison.

    Args:
        comparison: The comparison.
        path: File to write; the write is atomic.
        command: Command that was run.

    Raises:
        UsageError: If the suffix is unknown, or the file cannot be written there.
        OutputError: If writing fails; an existing file is unchanged.
    """
    check_outputs([path])
    now = datetime.now().astimezone()
    write_bytes(path, FORMATS[path.suffix.lower()](comparison, command, now))
