"""``ctiqa survey --cluster`` and ``--shard``: the work is done by other processes.

Imported only when such a command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from ctiqa.archive.choice import Choice
from ctiqa.archive.survey import Archive, units_of
from ctiqa.archive.totals import Totals
from ctiqa.archive.units import Rooted
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.progress import Move, stage_bars
from ctiqa.cli.console.say import say
from ctiqa.cli.console.stopping import Stop, break_off, stoppable
from ctiqa.cli.surveying import SurveyRequest, finished, own_places, scorer_of
from ctiqa.cluster import Setup, Shard, survey_on_cluster, survey_shard
from ctiqa.errors import UsageError
from ctiqa.store.opening import open_store
from ctiqa.store.privacy import Privacy
from ctiqa.store.store import Store


def run_on_workers(request: SurveyRequest, choice: Choice) -> int:
    """Score what is new on workers, or one shard of it, and print what was done.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request breaks a rule, or nothing can be listed or written.
    """
    check_workers(request, choice)
    with stoppable() as stop:
        try:
            with _store(request) as store:
                totals = _survey(request, choice, store, stop)
        except KeyboardInterrupt:
            break_off(stop)
    return finished(request, totals, stop)


def check_workers(request: SurveyRequest, choice: Choice) -> None:
    """Check options that go together.

    Raises:
        UsageError: If they do not.
    """
    if request.cluster is not None and request.shard is not None:
        raise UsageError("'--cluster' and '--shard' are two ways to share the work; choose one")
    if choice.sample is not None:
        raise UsageError(
            "'--sample' is for surveys in one process; leave out --cluster and --shard"
        )
    if request.shard is not None and request.store is not None:
        raise UsageError(
            "'--store' is not for '--shard', which writes to '--parts'; collect the parts "
            "afterwards with 'ctiqa survey merge'"
        )
    if request.shard is not None:
        Shard.parse(request.shard)
    if parts_of(request) is None:
        raise UsageError(
            "'--parts' is missing; name a folder or URL that all processes can write to"
        )


def parts_of(request: SurveyRequest) -> str | None:
    """Where results of workers go: beside a store in a file, if nothing is said."""
    if request.parts is not None or request.store is None or "://" in request.store:
        return request.parts
    return f"{request.store}.parts"


def _store(request: SurveyRequest) -> Store | nullcontext[None]:
    if request.store is None:
        return nullcontext()
    return open_store(request.store, uids=request.uids, dates=request.dates)


def _survey(request: SurveyRequest, choice: Choice, store: Store | None, stop: Stop) -> Totals:
    totals = Totals()
    setup = _setup(request, choice, store)
    parts = str(parts_of(request))
    tell = partial(say, err=True)
    with stage_bars(quiet=request.quiet) as progress:
        archive = Archive(
            request.roots,
            scorer_of(request),
            request.reading,
            choice,
            progress,
            stop.asked,
            own_places(request, parts),
        )
        stop.keep()
        units = _listed_late(archive, store, totals)
        if request.shard is not None:
            return survey_shard(
                units,
                setup,
                Shard.parse(request.shard),
                parts,
                totals=totals,
                jobs=request.jobs,
                progress=partial(_move, progress),
                say=tell,
                stop=stop.asked,
            )
        return survey_on_cluster(
            units,
            setup,
            str(request.cluster),
            parts,
            store=store,
            totals=totals,
            progress=partial(_move, progress),
            say=tell,
            stop=stop.asked,
            insecure=request.insecure,
        )


def _listed_late(archive: Archive, store: Store | None, totals: Totals) -> Iterator[Rooted]:
    """List the archive with the first unit: parts of a killed survey are stored before."""
    yield from units_of(archive, store, totals)


def _setup(request: SurveyRequest, choice: Choice, store: Store | None) -> Setup:
    calibration = request.calibration
    return Setup(
        DEFAULT_MODEL if request.model is None else request.model,
        request.engine,
        None if calibration is None else str(Path(calibration).absolute()),
        request.reading,
        choice,
        _privacy(request, store),
    )


def _privacy(request: SurveyRequest, store: Store | None) -> Privacy | None:
    """That of the store; else what was asked for, or ``None`` for that of existing parts."""
    if store is not None:
        return store.privacy
    if request.uids is None and request.dates is None:
        return None
    return Privacy(request.uids or "plain", request.dates or "day")


def _move(progress: Move | None, done: int, total: int) -> None:
    if progress is not None:
        progress("surveying", done, total)
