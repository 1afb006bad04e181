"""Which slices have to be scored to calibrate: those of the cases, found by headers alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ctiqa.calibration.match import SliceIndex
from ctiqa.calibration.scored import ScoredSlice
from ctiqa.calibration.table import Reading
from ctiqa.errors import NothingToDoError, UsageError, some
from ctiqa.io import Found
from ctiqa.types import Scan, SliceHeader


def files_of(readings: Iterable[Reading], root: Path) -> list[Path]:
    """The files and folders that the cases of a table name, as far as they exist.

    Args:
        readings: Lines of the table.
        root: Folder to which their paths are relative.

    Raises:
        UsageError: If the table names its cases by UIDs.
        NothingToDoError: If none exists.
    """
    cases = list(dict.fromkeys(each.case for each in readings if each.is_path))
    if not cases:
        raise UsageError(
            "'PATH' must be the files or folders with the scans where the table has a column 'id', "
            "got none; add them"
        )
    files = dict.fromkeys(root / re.sub(r"\[\d+\]$", "", case) for case in cases)
    there = [file for file in files if file.exists()]
    if not there:
        raise NothingToDoError(
            f"no file of the table exists in {root}, such as {some(cases, 3)}; correct the paths, "
            "or pass the scans after the table"
        )
    return there


def only_wanted(found: Found, readings: Iterable[Reading], root: Path) -> Found:
    """The slices that cases name, of what was found; skipped files are kept.

    Args:
        found: Scans and skipped files.
        readings: Lines of the table.
        root: Folder to which their paths are relative.
    """
    slices = [(scan, header) for scan in found.scans for header in scan.headers]
    index = SliceIndex([_unscored(scan, header) for scan, header in slices], {}, root)
    cases = {(each.case, each.is_path) for each in readings}
    numbers = {n for case, is_path in cases for n in index.find(case, is_path=is_path)[0]}
    kept = {id(slices[number][1]) for number in numbers}
    scans = [
        replace(scan, headers=tuple(h for h in scan.headers if id(h) in kept))
        for scan in found.scans
    ]
    return Found(tuple(scan for scan in scans if scan.headers), found.skipped)


def _unscored(scan: Scan, header: SliceHeader) -> ScoredSlice:
    source = header.source
    return ScoredSlice(
        series_uid=scan.series_uid,
        place=str(scan.path),
        file=str(source.file),
        frame=source.frame,
        instance_uid=source.instance_uid,
    )
