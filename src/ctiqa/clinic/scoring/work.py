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
from ctiqa.store.keys import series_key
from ctiqa.store.privacy import Privacy
from ctiqa.types import ScanScore, Skipped


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


def score_folder(folder: Path, scorer: Scorer, privacy: Privacy, over: Event) -> Scored:
    """Score the files of a series.

    Args:
        folder: The files.
        scorer: The model.
        privacy: What the store keeps.
        over: Once it is set, the work is given up.

    Raises:
        GivenUpError: If the work is over before its end.
        NothingToDoError: If there is no file.
        WeightsError: If the network fails.
    """
    options = ReadOptions()
    found = scorer.find([folder], options, across_series=False, progress=_checking(over))
    reports = tuple(_reports(found, scorer, options, over))
    bundles = tuple(bundle_of(report, privacy, keys=keys) for report, keys in reports)
    return Scored(
        model=reports[0][0].model,
        verdicts=tuple(verdict for report, _ in reports for verdict in report.scans),
        skipped=tuple(each for report, _ in reports for each in report.skipped),
        bundles=bundles,
    )


def _reports(
    found: Found, scorer: Scorer, options: ReadOptions, over: Event
) -> Iterator[tuple[Report, list[Any]]]:
    """The results of each scan with its key, and what was skipped."""
    for scan in found.scans:
        key = series_key(scan, scorer.facts, options)
        report = scorer.score_found(Found((scan,), ()), options, stop=over)
        if any(each.reason is Reason.STOPPED for each in report.skipped):
            raise GivenUpError
        yield report, [key]
    yield Report(scorer.facts, (), found.skipped, options), []


def _checking(over: Event) -> Callable[[str, int, int], None]:
    def check(_stage: str, _done: int, _total: int) -> None:
        give_up_if(over)

    return check


def give_up_if(over: Event) -> None:
    """End the work if it is over.

    Raises:
        GivenUpError: If it is.
    """
    if over.is_set():
        raise GivenUpError
