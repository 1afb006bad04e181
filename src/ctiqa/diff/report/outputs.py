"""The files of a comparison, in the formats given by their suffixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


def check_outputs(paths: Sequence[Path]) -> None:
    """Check that files can be written, before time is spent on scoring.

    Raises:
        UsageError: If a path has an unknown suffix, occurs twice, is a folder, or its folder is
            missing or not writable.
    """
    for path in paths:
        if path.suffix.lower() not in FORMATS:
            raise UsageError(f"output {path} must end in {' or '.join(FORMATS)}")
        if paths.count(path) > 1:
            raise UsageError(f"output {path} is given twice; choose two names")
        check_places([path])


def write_outputs(comparison: Comparison, paths: Sequence[Path], command: str) -> None:
    """Write a comparison; all files are made before the first is written.

    Args:
        comparison: The comparison.
        paths: Files to write; each write is atomic.
        command: Command that was run.

    Raises:
        UsageError: As for :func:`check_outputs`.
        OutputError: If writing fails; an existing file is unchanged.
    """
    check_outputs(paths)
    now = datetime.now().astimezone()
    contents = [FORMATS[path.suffix.lower()](comparison, command, now) for path in paths]
    for path, content in zip(paths, contents, strict=True):
        write_bytes(path, content)
