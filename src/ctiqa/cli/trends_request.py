"""The arguments of ``ctiqa trends``, checked before the store is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ctiqa.archive.choice import day_of
from ctiqa.errors import UsageError
from ctiqa.io.access.regular import is_there
from ctiqa.store.where import parse_conditions
from ctiqa.text.plain_text import clean
from ctiqa.trends.choosing import ScanChoice
from ctiqa.trends.limits import Limit, read_limits
from ctiqa.trends.output.files import check_trends_folder
from ctiqa.trends.result import Every


@dataclass(frozen=True, slots=True)
class TrendsRequest:
    """The arguments of ``ctiqa trends``, as typed.

    Attributes:
        store: Address of the store.
        out: Folder to write; ``None`` prints only.
        limits: File of limits.
        by: Length of the periods; ``None`` is the default.
        baseline: Days that control limits come from, ``FIRST:LAST``.
        since: First day.
        until: Last day.
        where: Conditions on scans.
        model: Name or digest of the model.
        thumbnails: Folder with the files of the outliers.
        jobs: Processes that read headers; ``None`` is all cores.
        quiet: Neither summary nor progress.
        command: The command line without a password, to be recorded.
    """

    store: str
    out: str | None
    limits: str | None
    by: Every | None
    baseline: str | None
    since: str | None
    until: str | None
    where: Sequence[str]
    model: str | None
    thumbnails: str | None
    jobs: int | None
    quiet: bool
    command: str


@dataclass(frozen=True, slots=True)
class TrendsWanted:
    """What was asked for.

    Attributes:
        choice: Which scans.
        baseline: First and last day of the baseline.
        limits: Limits to check; ``None`` if no file was named.
        out: Folder to write.
        thumbnails: Folder with the files of the outliers.
    """

    choice: ScanChoice
    baseline: tuple[date, date] | None
    limits: tuple[Limit, ...] | None
    out: Path | None
    thumbnails: Path | None


def check_request(request: TrendsRequest) -> TrendsWanted:
    """Parse the arguments, and check the places.

    Raises:
        UsageError: If an argument breaks a rule.
        DataError: If the file of limits does.
        OutputError: If the folder cannot be written to.
    """
    choice = ScanChoice(
        since=day_of("since", request.since),
        until=day_of("until", request.until),
        where=parse_conditions(request.where),
        model=request.model,
    )
    out = _path("out", request.out)
    if out is not None:
        check_trends_folder(out)
    thumbnails = _path("thumbnails", request.thumbnails)
    if thumbnails is not None:
        if out is None:
            raise UsageError("'--thumbnails' puts pictures on the page; name its folder with --out")
        if not is_there(thumbnails):
            raise UsageError(f"'thumbnails' must be a folder that exists, got '{thumbnails}'")
    file = _path("limits", request.limits)
    limits = None if file is None else read_limits(file)
    return TrendsWanted(choice, _baseline(request.baseline), limits, out, thumbnails)


def _path(name: str, text: str | None) -> Path | None:
    if text == "":
        raise UsageError(f"'{name}' must not be empty; name a path")
    return None if text is None else Path(text)


def _baseline(text: str | None) -> tuple[date, date] | None:
    """The first and last day of the baseline."""
    if text is None:
        return None
    first, _, last = text.partition(":")
    try:
        return date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise UsageError(
            f"'baseline' must be FIRST:LAST such as 2026-01-01:2026-03-31, got '{clean(text, 60)}'"
        ) from None
