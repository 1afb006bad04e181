"""Move acknowledged files where they belong; at every moment a file is in one place at least."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctiqa.clinic.keeping.looking import look_at
from ctiqa.clinic.spool.durable import place, sync_folder
from ctiqa.clinic.spool.spool import PRIVATE, SpoolFolder
from ctiqa.errors import Reason, RefusedError
from ctiqa.store.privacy import Privacy

UNREADABLE = "unreadable"
"""Folder in ``aside`` for files that are not DICOM or are damaged."""

NOT_CT = "not_ct"
"""Folder in ``aside`` for objects that are neither CT images nor dose reports."""

WHOLE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors that the next file would have too."""

log = logging.getLogger("ctiqa.clinic")


@dataclass(slots=True)
class Sorted:
    """What became of some files.

    Attributes:
        series: The source of each series that a file was added to, by its name in the store.
        refused: Why files were set aside as unreadable.
        stuck: Why files stay in the folder ``in`` for now: each has a fault of the disk.
        n_other: Number of files that were set aside because they are not CT.
        n_dose: Number of dose reports.
    """

    series: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    n_other: int = 0
    n_dose: int = 0


def sort_files(files: Iterable[tuple[str, Path]], spool: SpoolFolder, privacy: Privacy) -> Sorted:
    """Move files of the folder ``in`` to ``series``, ``dose`` or ``aside``.

    Files of the same name and content are one; nothing is overwritten. A file that the disk does
    not read or move stays, and stops no other.

    Args:
        files: The files with their sources.
        spool: The folders.
        privacy: How the store names series.

    Raises:
        OSError: If the disk is full or read-only; what was not moved is in the folder ``in``.
    """
    found = Sorted()
    linked: list[tuple[Path, Path]] = []
    for source, file in files:
        try:
            series = _sort(file, spool, found)
            if series is not None:
                name = privacy.uid(series)
                linked += _moved(file, _series_folder(spool, name))
                found.series[name] = source
        except OSError as error:
            if error.errno in WHOLE_DISK:
                raise
            found.stuck.append(error.strerror or str(error))
    _settle(linked)
    return found


def _moved(file: Path, folder: Path) -> list[tuple[Path, Path]]:
    """Move a file to the folder of its series; what is left to do if it is linked there."""
    target = folder / _name(file)
    if _is_linked(file, target):
        return [(file, folder)]
    place(file, folder, target.stem)
    return []


def _sort(file: Path, spool: SpoolFolder, found: Sorted) -> str | None:
    """Move what is no image; the series of an image."""
    try:
        arrival = look_at(file)
    except RefusedError as error:
        if error.reason is Reason.NO_PERMISSION:  # Nothing is known about its content.
            raise OSError(error.detail) from None
        log.warning("a file was set aside, it cannot be read: %s", error.detail)
        found.refused.append(error.detail)
        _set_aside(file, spool.aside / UNREADABLE)
        return None
    if arrival.kind == "image":
        return arrival.series
    if arrival.kind == "dose":
        found.n_dose += 1
        place(file, spool.dose, Path(_name(file)).stem)
    else:
        found.n_other += 1
        log.info("a file was set aside, it is neither a CT image nor a dose report")
        _set_aside(file, spool.aside / NOT_CT)
    return None


def _set_aside(file: Path, folder: Path) -> None:
    _made(folder)
    place(file, folder, Path(_name(file)).stem)


def _series_folder(spool: SpoolFolder, name: str) -> Path:
    return _made(spool.series / name)


def _made(folder: Path) -> Path:
    if not folder.is_dir():
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        sync_folder(folder.parent)
    return folder


def _name(file: Path) -> str:
    """The name without the digest that tells files with the same UID apart.

    >>> _name(Path("in/PACS/1.2~3e23e816.dcm"))
    '1.2.dcm'
    """
    return f"{file.name.removesuffix('.dcm').partition('~')[0]}.dcm"


def _is_linked(file: Path, target: Path) -> bool:
    """Whether the file has its place; not if there is another one."""
    try:
        os.link(file, target)
    except FileExistsError:
        return False
    return True


def _settle(linked: Sequence[tuple[Path, Path]]) -> None:
    """Remove files from where they were, once their new places are on the disk."""
    for folder in {folder for _, folder in linked}:
        sync_folder(folder)
    for file, _ in linked:
        file.unlink(missing_ok=True)
