"""The folder with page, tables and JSON; all are made before one is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ctiqa.errors import UsageError
from ctiqa.io.atomic import check_results_folder, make_folder, write_bytes
from ctiqa.system.extras import require_extra
from ctiqa.trends.limits import LimitsChecked
from ctiqa.trends.output.as_json import trends_as_json
from ctiqa.trends.output.tables import scans_as_csv, scans_as_parquet
from ctiqa.trends.page import trends_page
from ctiqa.trends.result import Trends

PAGE, CSV, PARQUET, JSON = "trends.html", "scans.csv", "scans.parquet", "trends.json"
"""Names of the files."""

FILES = (PAGE, CSV, PARQUET, JSON)


def check_trends_folder(folder: Path) -> None:
    """Check, before any work is done, that the files can be written.

    Raises:
        UsageError: If the folder is a file, one of the files is a folder, or a library is missing.
        OutputError: If the folder cannot be created or written to.
    """
    require_extra("'ctiqa trends'", "polars", extra="clinic")
    check_results_folder(folder)
    for name in FILES:
        if (folder / name).is_dir():
            raise UsageError(f"'{folder / name}' must not be a folder; choose another folder")


def write_trends(
    folder: Path,
    trends: Trends,
    limits: LimitsChecked | None = None,
    thumbnails: Mapping[str, bytes] | None = None,
    *,
    command: str = "",
) -> None:
    """Write ``trends.html``, ``scans.csv``, ``scans.parquet`` and ``trends.json``.

    Args:
        folder: Where; it is created if it is missing, and files in it are replaced.
        trends: The trends.
        limits: The outcome of a check of limits; ``None`` if there was none.
        thumbnails: Pictures of outliers by series UID as stored, bytes of PNG files.
        command: Command that was run; empty if there was none.

    Raises:
        UsageError: As for :func:`check_trends_folder`.
        OutputError: If writing fails; an existing file is unchanged.
    """
    check_trends_folder(folder)
    now = datetime.now().astimezone()
    page = trends_page(trends, limits, thumbnails, command=command, created=now)
    contents = {
        PAGE: page.encode(),
        CSV: scans_as_csv(trends),
        PARQUET: scans_as_parquet(trends),
        JSON: trends_as_json(trends, limits, command, now),
    }
    make_folder(folder)
    for name, content in contents.items():
        write_bytes(folder / name, content)
