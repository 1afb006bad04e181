"""Score the files of one series, as ``ctiqa survey`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from ctiqa.errors import Reason
from ctiqa.io import Found, ReadOptions
from ctiqa.score.report.report import Report
from ctiqa.score.scorer import Scorer
from ctiqa.store.bundle import Bundle, bundle_of
from ctiqa.store.keys import SeriesKey, series_key
from ctiqa.store.privacy import Privacy
from ctiqa.types import ScanScore, Skipped

OPTIONS = ReadOptions()
"""How files are read: as by ``ctiqa score`` without options."""


class GivenUpError(Exception):
    """The work was given up before its end."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The results of a series.

    Attributes:
        model: Facts of the model and the engine.
        verdicts: Its scans; files of one series may be several, of different sizes.
        skipped: What was skipped.
        bundles: Rows for the store.
    """

    model: Mapping[str, Any]
    verdicts: tuple[ScanScore, ...]
    skipped: tuple[Skipped, ...]
    bundles: tuple[Bundle, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """Who scores a series.

    Attributes:
        scorer: The model.
        over: Once it is set, the work is given up.
        step: Called as the work proceeds.
    """

    scorer: Scorer
    over: Event
    step: Callable[[], None]

    def note(self, _stage: str, _done: int, _total: int) -> None:
        """Note progress."""
        self.step()

    def note_or_give_up(self, _stage: str, _done: int, _total: int) -> None:
        """Note progress, and end the work if it is over.

        Raises:
            GivenUpError: If it is.
        """
        self.step()
        give_up_if(self.over)


def score_folder(folder: Path, worker: Worker, privacy: Privacy) -> Scored:
    """Score the files of a series.

    Args:
        folder: The files.
        worker: Who scores it.
        privacy: What the store keeps.

    Raises:
        GivenUpError: If the work is over before its end.
        NothingToDoError: If there is no file.
        WeightsError: If the network fails.
    """
    found = worker.scorer.find(
        [folder], OPTIONS, across_series=False, progress=worker.note_or_give_up
    )
    reports = tuple(_reports(found, worker))
    bundles = tuple(bundle_of(report, privacy, keys=keys) for report, keys in reports)
    return Scored(
        model=reports[0][0].model,
        verdicts=tuple(verdict for report, _ in reports for verdict in report.scans),
        skipped=tuple(each for report, _ in reports for each in report.skipped),
        bundles=bundles,
    )


def _reports(found: Found, worker: Worker) -> Iterator[tuple[Report, list[SeriesKey]]]:
    """The results of each scan with its key, and what was skipped."""
    scorer = worker.scorer
    for scan in found.scans:
        key = series_key(scan, scorer.facts, OPTIONS)
        report = scorer.score_found(
            Found((scan,), ()), OPTIONS, progress=worker.note, stop=worker.over
        )
        if any(each.reason is Reason.STOPPED for each in report.skipped):
            raise GivenUpError
        yield report, [key]
    yield Report(scorer.facts, (), found.skipped, OPTIONS), []


def give_up_if(over: Event) -> None:
    """End the work if it is over.

    Raises:
        GivenUpError: If it is.
    """
    if over.is_set():
        raise GivenUpError
