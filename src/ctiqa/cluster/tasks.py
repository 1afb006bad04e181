"""Tasks: score a batch, and write its part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from ctiqa.archive.unit import Unit
from ctiqa.cluster.batches import Batch
from ctiqa.cluster.parts.part import DamagedPartError
from ctiqa.cluster.parts.parts import Parts
from ctiqa.cluster.parts.place import Place, open_place
from ctiqa.cluster.setup import Job, Work, score_unit
from ctiqa.errors import CtiqaError, OutputError
from ctiqa.store.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Task:
    """A batch to be scored.

    Attributes:
        job: What all tasks have in common.
        key: Key of the batch, by which its part is named.
        batch: The units.
        parent: Key of the batch that this one is a piece of.
        work: Scores one unit.
    """

    job: Job = field(repr=False)
    key: str
    batch: Batch
    parent: str | None = None
    work: Work = field(default=score_unit, repr=False)

    def pieces(self) -> list[Task]:
        """One task for each unit."""
        return [
            Task(self.job, each.key(self.job), each, self.key, self.work)
            for each in self.batch.singles
        ]


@dataclass(frozen=True, slots=True)
class Done:
    """A task whose part is written.

    Attributes:
        key: Its key.
        scans: Number of scans.
        skipped: Reasons by the hash of the input.
        counts: Those of :attr:`ctiqa.store.bundle.Bundle.counts`.
    """

    key: str
    scans: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, bundles: Iterable[Bundle]) -> Done:
        """The numbers of bundles."""
        skipped: dict[str, str] = {}
        counts: Counter[str] = Counter()
        scans = 0
        for each in bundles:
            scans += len(each.scans)
            skipped |= each.skipped
            counts.update(each.counts)
        return cls(key, scans, skipped, dict(counts))


class UnitError(Exception):
    """A unit cannot be scored because of an unexpected error, as if its worker had died."""


def run_task(task: Task) -> Done:
    """Score a batch and write its part, unless it is there.

    Raises:
        CtiqaError: If nothing can be scored here, or the part cannot be written.
        UnitError: If an unexpected error was raised on a unit.
    """
    task.job.check_version()
    parts = parts_of(task.job)
    with suppress(FileNotFoundError, DamagedPartError):
        # Another worker has written it, and died before it could say so.
        return Done.of(task.key, parts.read(task.key))
    bundles = [bundle for root, unit in task.batch.places for bundle in _scored(task, root, unit)]
    parts.write(task.key, bundles)
    return Done.of(task.key, bundles)


def parts_of(job: Job) -> Parts:
    """The parts of a survey."""
    return Parts(_opened(job.parts), job.survey, job.privacy)


@cache
def _opened(address: str) -> Place:
    return open_place(address)


def _scored(task: Task, root: str, unit: Unit) -> list[Bundle]:
    # Errors quote paths, which may hold the name of a patient; workers would log them.
    try:
        return list(task.work(task.job, root, unit))
    except CtiqaError:
        raise
    except OSError as error:
        raise OutputError(
            f"a worker cannot work: {error.strerror or type(error).__name__}; check its free space "
            "and its permissions"
        ) from None
    except Exception as error:  # noqa: BLE001 - one strange series must not end a survey
        raise UnitError(f"unexpected {type(error).__name__}") from None
