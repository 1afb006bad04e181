"""The DICOM objects that ``ctiqa score`` writes: checked first, written, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ctiqa.errors import OutputError, UsageError
from ctiqa.io.atomic import check_results_folder, make_folder
from ctiqa.system.extras import require_extra

if TYPE_CHECKING:
    from ctiqa.sr import NotWritten
    from ctiqa.types import Results

Kind = Literal["sr", "pdf"]
"""As :data:`ctiqa.sr.Kind`, which is slow to load."""

KINDS: tuple[Kind, ...] = ("sr", "pdf")

LIBRARIES = ("highdicom", "reportlab")
"""Of the extra ``clinic``."""


@dataclass(slots=True)
class ObjectsWritten:
    """What became of the objects of a run.

    Attributes:
        folders: Where they are.
        count: How many were written.
        failures: Series that got none, and why.
        errors: Why a folder could not be written to the end.
    """

    folders: list[Path] = field(default_factory=list)
    count: int = 0
    failures: list[NotWritten] = field(default_factory=list)
    errors: list[OutputError] = field(default_factory=list)


def objects_asked(*, sr: str | None, pdf: str | None) -> dict[Path, list[Kind]]:
    """Kinds of objects by folder; one folder may get both.

    Args:
        sr: Folder for structured reports.
        pdf: Folder for encapsulated PDF.

    Raises:
        UsageError: If a path is empty.

    >>> [*objects_asked(sr="out", pdf="out/").values()], objects_asked(sr=None, pdf=None)
    ([['sr', 'pdf']], {})
    """
    asked: dict[Path, list[Kind]] = {}
    for kind, folder in zip(KINDS, (sr, pdf), strict=True):
        if folder == "":
            raise UsageError(f"'{kind}' must be a folder, got an empty path")
        if folder is not None:
            asked.setdefault(Path(folder), []).append(kind)
    return asked


def prepare_objects(asked: Mapping[Path, Sequence[Kind]]) -> None:
    """Check that objects can be made, and make their folders, before time is spent on scoring.

    Args:
        asked: Kinds of objects by folder.

    Raises:
        UsageError: If a library is missing, or a folder is a file.
        OutputError: If a folder cannot be made or is not writable.
    """
    for folder, kinds in asked.items():
        require_extra(" and ".join(f"'--{kind}'" for kind in kinds), *LIBRARIES, extra="clinic")
        check_results_folder(folder, kinds[0])
    for folder in asked:
        make_folder(folder)


def write_asked(report: Results, asked: Mapping[Path, Sequence[Kind]]) -> ObjectsWritten:
    """Write all objects; a folder that cannot be written does not cost the others.

    Args:
        report: The results.
        asked: Kinds of objects by folder.
    """
    written = ObjectsWritten(list(asked))
    for folder, kinds in asked.items():
        from ctiqa.sr import write_objects  # slow to load, and needs an extra

        try:
            done = write_objects(report, folder, kinds=kinds)
        except OutputError as error:
            written.errors.append(error)
            continue
        written.count += len(done.files)
        new = (each for each in done.failures if each not in written.failures)
        written.failures.extend(new)
    return written


def objects_line(written: ObjectsWritten) -> str:
    """How many objects were written, and where.

    >>> objects_line(ObjectsWritten([Path("out")], 2))
    'DICOM objects: 2 in out'
    """
    folders = ", ".join(map(str, written.folders))
    return f"DICOM objects: {written.count} in {folders}"


def failures_text(written: ObjectsWritten) -> str:
    """Which series got no object, and why, one a line; empty if all got theirs.

    >>> failures_text(ObjectsWritten())
    ''
    """
    lines = [f"no DICOM object of {each.path}: {each.detail}" for each in written.failures]
    return "\n".join(lines)
