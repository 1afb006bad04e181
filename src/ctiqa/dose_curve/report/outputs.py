"""The files of a dose curve: checked before the work starts, all made before one is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from ctiqa.dose_curve.report.as_json import curves_as_json
from ctiqa.dose_curve.report.page import curves_page
from ctiqa.dose_curve.result import DoseCurves
from ctiqa.errors import UsageError
from ctiqa.io.atomic import check_folder, write_bytes

FORMATS: dict[str, Callable[[DoseCurves, str, datetime], bytes]] = {
    ".json": curves_as_json,
    ".html": curves_page,
    ".htm": curves_page,
}
"""Output formats by suffix."""


def check_outputs(paths: Sequence[Path]) -> None:
    """Check that results can be written, before time is spent on simulations.

    Raises:
        UsageError: If a path has an unknown suffix, occurs twice, is a folder, or its folder is
            missing.
        OutputError: If the folder is not writable.
    """
    for path in paths:
        if path.suffix.lower() not in FORMATS:
            raise UsageError(f"output {path} must end in {' or '.join(FORMATS)}")
        if path.is_dir():
            raise UsageError(f"output {path} cannot be written: it is a folder")
        if not path.parent.is_dir():
            raise UsageError(f"output {path} cannot be written: there is no folder {path.parent}")
        if paths.count(path) > 1:
            raise UsageError(f"output {path} is given twice; choose two names")
        check_folder(path.parent)


def write_outputs(
    curves: DoseCurves, paths: Sequence[Path], command: str, created: datetime | None = None
) -> None:
    """Write the results, in the formats given by the suffixes of the files.

    Args:
        curves: The curves.
        paths: Files to write.
        command: Command that was run; empty if there was none.
        created: Time of the run; now if not given.

    Raises:
        UsageError: As for :func:`check_outputs`.
        OutputError: If writing fails; an existing file is unchanged.
    """
    check_outputs(paths)
    when = created or datetime.now().astimezone()
    contents = [FORMATS[path.suffix.lower()](curves, command, when) for path in paths]
    for path, content in zip(paths, contents, strict=True):
        write_bytes(path, content)
