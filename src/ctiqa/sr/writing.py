"""Write the objects of a run to a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydicom.dataset import Dataset

from ctiqa.errors import RefusedError
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.sr.encapsulated import encapsulated_pdf
from ctiqa.sr.report import structured_report
from ctiqa.sr.source import Source, source_of
from ctiqa.types import Results, ScanScore

Kind = Literal["sr", "pdf"]
"""``sr`` is a structured report, ``pdf`` an encapsulated PDF."""


@dataclass(frozen=True, slots=True)
class NotWritten:
    """A series without object.

    Attributes:
        path: File or folder of the series.
        detail: Why, in words.
    """

    path: Path
    detail: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the objects of a run.

    Attributes:
        files: The files, in the order of the series.
        failures: The series that got none, and why.
    """

    files: tuple[Path, ...]
    failures: tuple[NotWritten, ...]


def write_objects(report: Results, folder: Path, *, kinds: Sequence[Kind] = ("sr",)) -> Written:
    """Write the objects of every series of a run, each as ``SOPInstanceUID.dcm``.

    Each file appears whole or not at all. Equal results have equal names and bytes, so that a
    repeated run replaces files by themselves.

    Args:
        report: The results; the image files must still be where they were.
        folder: Where to; it is made if it is missing.
        kinds: Which objects.

    Raises:
        OutputError: If a file cannot be written; those before it are kept.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_objects(Results({}, (), ()), Path(folder))
    Written(files=(), failures=())
    """
    make_folder(folder)
    files: list[Path] = []
    failures: list[NotWritten] = []
    for verdict in report.scans:
        try:
            source = source_of(verdict)
            objects = [_object(kind, verdict, report.model, source) for kind in kinds]
        except RefusedError as error:
            failures.append(NotWritten(verdict.scan.path, error.detail))
            continue
        for each in objects:
            path = folder / f"{each.SOPInstanceUID}.dcm"
            write_bytes(path, file_bytes(each))
            files.append(path)
    return Written(tuple(files), tuple(failures))


def _object(kind: Kind, verdict: ScanScore, model: Mapping[str, Any], source: Source) -> Dataset:
    make = structured_report if kind == "sr" else encapsulated_pdf
    return make(verdict, model, source=source)
