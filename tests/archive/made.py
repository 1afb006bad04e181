"""Archives made for the tests, and surveys of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.score.made import phantom, write_dicom

from ctiqa.archive.survey import survey
from ctiqa.archive.totals import Totals
from ctiqa.score.scorer import Scorer
from ctiqa.store import open_store

UID = "1.2.826.0.1.77"


def uid(number: int) -> str:
    """UID of a series."""
    return f"{UID}.{number}"


def write_slices(
    folder: Path, number: int, count: int = 2, *, first: int = 0, hu: float = 0.0, **elements: Any
) -> list[Path]:
    """Write slices ``first``, ``first + 1``, … of series ``number``."""
    elements = {"StudyInstanceUID": f"{UID}.99.{number}", "StudyDate": "20260301"} | elements
    return [
        write_dicom(
            folder / f"{number}-{index:03}.dcm",
            phantom(hu + 10.0 * index),
            index,
            SeriesInstanceUID=uid(number),
            **elements,
        )
        for index in range(first, first + count)
    ]


def write_archive(root: Path, series: int = 3, count: int = 2) -> Path:
    """Write an archive: a folder for each series."""
    for number in range(series):
        write_slices(root / f"s{number}", number, count)
    return root


@dataclass
class Surveyor:
    """Surveys archives into one store.

    Attributes:
        address: The store.
        scorer: The model.
        scored: UIDs of the series that were given to the model, in order.
    """

    address: str
    scorer: Scorer
    scored: list[str] = field(default_factory=list)

    def __call__(self, *paths: str | Path, **how: Any) -> Totals:
        """Survey; the series that it scores replace those in :attr:`scored`."""
        self.scored.clear()
        with open_store(self.address) as store:
            return survey(list(paths), store, **{"scorer": self.scorer, **how})

    def digest(self) -> str:
        """Digest of the store."""
        with open_store(self.address) as store:
            return store.digest()

    def frame(self, name: str = "scans") -> Any:
        """A table of the store."""
        with open_store(self.address) as store:
            return getattr(store, name)()

    def current(self) -> dict[str, int]:
        """Number of slices of the current result of each series."""
        scans = self.frame()
        scans = scans.filter(scans["current"])
        return dict(zip(scans["series_uid"], scans["n_judged"] + scans["n_unjudged"], strict=True))

    def reasons(self) -> dict[str, int]:
        """Number of the inputs that are stored as skipped, by reason."""
        return {
            each["reason"]: each["len"]
            for each in self.frame("skipped").group_by("reason").len().to_dicts()
        }


class _Opened:
    """Files that are opened while somebody watches."""

    def __init__(self) -> None:
        self.watched: list[tuple[str, list[str]]] = []

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and self.watched and isinstance(arguments[0], str | bytes):
            path = os.fsdecode(arguments[0])
            for root, paths in self.watched:
                if path.startswith(root):
                    paths.append(path)


_OPENED = _Opened()
sys.addaudithook(_OPENED.hook)


@contextmanager
def opened(root: Path) -> Iterator[list[str]]:
    """The files below a folder that this process opens in the block."""
    paths: list[str] = []
    watched = (f"{root}{os.sep}", paths)
    _OPENED.watched.append(watched)
    try:
        yield paths
    finally:
        _OPENED.watched.remove(watched)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can grow beyond a number of bytes in the block, as on a full disk."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def touch(file: Path, seconds: float = 100.0) -> None:
    """Change the time of modification of a file, but not its content."""
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + int(seconds * 1e9)))
