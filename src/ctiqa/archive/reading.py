"""Read headers of listed files, of which some may have vanished since."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from ctiqa.archive.unit import Entry
from ctiqa.errors import NothingToDoError, UsageError
from ctiqa.io import Found, ReadOptions
from ctiqa.io.access.files import check_path
from ctiqa.score.scorer import ScoreProgress, Scorer


class StoppedError(Exception):
    """The survey was stopped while headers were read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads headers.

    Attributes:
        scorer: Reads them, in its processes.
        options: How files are read.
        progress: Called with (stage, files done, number of files).
        stop: Ends the reading once it is set.
    """

    scorer: Scorer
    options: ReadOptions = field(default_factory=ReadOptions)
    progress: ScoreProgress | None = None
    stop: Event = field(default_factory=Event)

    def read(self, entries: Sequence[Entry]) -> Found:
        """The series of some files.

        Raises:
            StoppedError: If the survey is stopped.
        """
        if self.stop.is_set():
            raise StoppedError
        paths = [Path(each.name) for each in entries]
        return find_present(self.scorer, paths, self.options, self._tell)

    def _tell(self, stage: str, done: int, total: int) -> None:
        if self.stop.is_set():
            raise StoppedError
        if self.progress is not None:
            self.progress(stage, done, total)


def find_present(
    scorer: Scorer,
    paths: Sequence[Path],
    options: ReadOptions,
    progress: ScoreProgress | None = None,
) -> Found:
    """The series of files, each by itself; files that are no longer there are left out."""
    there = list(paths)
    while there:
        try:
            return scorer.find(there, options, across_series=False, progress=progress)
        except NothingToDoError:
            break
        except UsageError:
            left = [path for path in there if _is_readable_path(path)]
            if len(left) == len(there):
                raise
            there = left
    return Found((), ())


def _is_readable_path(path: Path) -> bool:
    try:
        check_path(os.fspath(path))
    except UsageError:
        return False
    return True
