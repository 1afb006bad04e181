"""Numbers of a survey on many processes, and whom they are told."""

from __future__ import annotations

from collections.abc import Callable

from ctiqa.archive.totals import Totals
from ctiqa.archive.unit import LocalUnit, parent_of
from ctiqa.cluster.batches import Batch
from ctiqa.cluster.tasks import Done
from ctiqa.store.bundle import Bundle
from ctiqa.store.privacy import Privacy

Progress = Callable[[int, int], None]
"""Called with the number of files done and the number of all files."""

Say = Callable[[str], None]
"""Called with a sentence that the user should see."""


def silent(*_: object) -> None:
    """Tell nobody."""


class Books:
    """Counts what is done.

    Args:
        totals: Get the numbers.
        privacy: That of the parts, by which names of skipped files are found again.
        progress: Told of every batch.
    """

    def __init__(self, totals: Totals, privacy: Privacy, progress: Progress = silent) -> None:
        self.totals = totals
        self._privacy = privacy
        self._progress = progress
        self._all = 0
        self._finished = 0

    def listed(self, batch: Batch) -> None:
        """A batch was found."""
        self._all += batch.files

    def before(self, batch: Batch) -> None:
        """An earlier survey has done a batch."""
        self.totals.unchanged += batch.files
        self._finish(batch)

    def done(self, batch: Batch, done: Done) -> None:
        """A batch is done now."""
        entries = tuple(entry for _, unit in batch.places for entry in unit.entries)
        bundle = Bundle({}, (), done.skipped, (), done.counts)
        # What is skipped inside an archive has no entry, but a name of the batch.
        name = f"{parent_of([unit.name for _, unit in batch.places])} [{done.key[:8]}]"
        self.totals.take(bundle, LocalUnit(name, entries), self._privacy, 0)
        self._finish(batch)

    def _finish(self, batch: Batch) -> None:
        self._finished += batch.files
        self._progress(self._finished, self._all)
