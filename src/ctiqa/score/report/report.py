"""The report of a run: its results, and how to write them to files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.io import ReadOptions
from ctiqa.types import Results

if TYPE_CHECKING:
    from ctiqa.score.maps.writer import MapCounts


@dataclass(frozen=True, slots=True)
class Report(Results):
    r"""The results of a run, ready to be written.

    Attributes:
        options: How the files were read.
        maps: The maps that were written; ``None`` if none were requested.

    >>> report = Report(model={"name": "m", "version": "1"}, scans=(), skipped=())
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report.write(Path(folder, "report.json"))
    ...     Path(folder, "report.json").read_text()[:14]
    '{\n "schema": 1'
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    maps: MapCounts | None = None

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the report in the format given by the suffix of the file.

        Args:
            path: ``.json`` for programs, ``.csv`` or ``.parquet`` for tables with one row per
                slice, ``.html`` for people; its folder must exist. The write is atomic. For
                ``.html`` some slices are read again, to show them.

        Raises:
            UsageError: If the suffix is unknown, the file cannot be written there, or
                ``.parquet`` needs a library that is not installed.
            OutputError: If writing fails; an existing file is unchanged.
        """
        from ctiqa.score.report.outputs import write_output  # noqa: PLC0415 - writers are slow to load

        write_output(self, Path(path))
