"""The work of ``ctiqa trends``: read the store, compute, check limits, write, print.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ctiqa.cli.console.progress import stage_bars
from ctiqa.cli.console.say import complain, say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS, LIMIT_BROKEN
from ctiqa.cli.console.stopping import break_off, stoppable
from ctiqa.cli.trends_request import TrendsRequest, TrendsWanted, check_request
from ctiqa.errors import NothingToDoError, UsageError
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.store.existing import open_existing_store
from ctiqa.store.store import Store
from ctiqa.system.processor import usable_cores
from ctiqa.text.plain_text import clean
from ctiqa.trends import Trends, trends
from ctiqa.trends.choosing import check_baseline
from ctiqa.trends.limits import LimitsChecked, check_limits
from ctiqa.trends.output.files import PAGE, write_trends
from ctiqa.trends.output.thumbnails import find_thumbnails, wanted_series
from ctiqa.trends.result import Every


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What was found."""

    trends: Trends
    limits: LimitsChecked | None
    n_not_pictured: int


def run_trends(request: TrendsRequest) -> int:
    """Compute trends, check limits, write the files and print the summary.

    Everything that can be checked is checked before the store is read; everything is written
    before anything is printed.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request breaks a rule, there is nothing to show, or writing fails.
        Exit: If the user stopped the run.
    """
    lazy_gdcm.claim_process()
    wanted = check_request(request)
    with stoppable() as stop:
        try:
            outcome = _work(request, wanted)
        except KeyboardInterrupt:
            break_off(stop)
    if not request.quiet:
        _print(request, outcome)
    return _status(outcome)


def _work(request: TrendsRequest, wanted: TrendsWanted) -> _Outcome:
    """Read the store, compute, check and write."""
    with open_existing_store(request.store) as store:
        found = _trends(store, request, wanted)
        pictures = _pictures(store, found, request, wanted.thumbnails)
    limits = None if wanted.limits is None else check_limits(found, wanted.limits)
    if wanted.out is not None:
        write_trends(wanted.out, found, limits, pictures, command=request.command)
    asked = wanted_series(found.outliers) if wanted.thumbnails else ()
    return _Outcome(found, limits, len(asked) - len(pictures))


def _trends(store: Store, request: TrendsRequest, wanted: TrendsWanted) -> Trends:
    name = _name_of(request.store)
    scans = store.scans()
    if scans.is_empty():
        raise NothingToDoError(f"'{name}' has no scans; store some with 'ctiqa survey'")
    chosen = wanted.choice.of(scans)
    if chosen.is_empty():
        raise NothingToDoError(
            f"none of the {scans.height:,} scans of '{name}' is of the days and conditions "
            "asked for; widen --since, --until or --where"
        )
    every = _every(store, request.by)
    if wanted.baseline is not None:
        check_baseline(chosen, *wanted.baseline)
    found: Trends = trends(chosen, every=every, baseline=wanted.baseline)
    if found.n == 0:
        reasons = "; ".join(f"{each.n:,} left out: {each.reason}" for each in found.left_out)
        raise NothingToDoError(f"no scan of '{name}' counts; {reasons}")
    return replace(found, store=name)


def _every(store: Store, by: Every | None) -> Every:
    """Length of the periods; a store may keep only the month of a study."""
    if store.dates != "month":
        return by or "week"
    if by not in (None, "month"):
        raise UsageError("the store keeps only the months of studies; use --by month")
    return "month"


def _pictures(
    store: Store, found: Trends, request: TrendsRequest, root: Path | None
) -> Mapping[str, bytes]:
    series = wanted_series(found.outliers)
    if root is None or not series:
        return {}
    jobs = request.jobs or usable_cores()
    with stage_bars(quiet=request.quiet) as progress:
        return find_thumbnails(series, root, store.privacy, jobs=jobs, progress=progress)


def _name_of(address: str) -> str:
    """Name of a store without user, password and folder."""
    from ctiqa.store.database.address import parse_address

    parsed = parse_address(address)
    return clean(parsed.file.name) if parsed.file else parsed.name.strip("'")


def _print(request: TrendsRequest, outcome: _Outcome) -> None:
    from ctiqa.cli.console.tables.trends import print_trends  # loads rich

    print_trends(outcome.trends, outcome.limits)
    if outcome.n_not_pictured:
        complain(
            f"{outcome.n_not_pictured} of {len(wanted_series(outcome.trends.outliers))} outliers "
            f"have no picture: their files are not below '{request.thumbnails}', or cannot be read"
        )
    if request.out is not None:
        say(f"\nPage: {Path(request.out) / PAGE}")


def _status(outcome: _Outcome) -> int:
    """Broken limits first: that is what a job that runs every night asks for."""
    if outcome.limits is not None and outcome.limits.violations:
        return LIMIT_BROKEN
    complete = outcome.limits is None or outcome.limits.is_complete
    return DONE if complete and not outcome.n_not_pictured else DONE_WITH_SKIPS
