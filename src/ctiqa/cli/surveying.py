"""The work of ``ctiqa survey``: open the store, score what is new, print what was done.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.archive.choice import Choice
from ctiqa.archive.report import check_survey_outputs, write_skipped, write_summary
from ctiqa.archive.survey import Archive, survey_units, units_of
from ctiqa.archive.totals import Totals
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.progress import stage_bars
from ctiqa.cli.console.say import say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS, NOTHING_DONE
from ctiqa.cli.console.stopping import Stop, break_off, stoppable
from ctiqa.cli.console.tables.survey import before_lines, print_totals
from ctiqa.errors import UsageError
from ctiqa.io import ReadOptions
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.score.scorer import Scorer
from ctiqa.store.database.address import parse_address
from ctiqa.store.opening import open_store
from ctiqa.store.privacy import Dates, Uids


@dataclass(frozen=True, slots=True)
class SurveyRequest:
    """The arguments of ``ctiqa survey``, as typed.

    Attributes:
        roots: What is surveyed.
        store: Address of the store.
        choice: Arguments of :meth:`ctiqa.archive.choice.Choice.parse`.
        uids: How a new store keeps UIDs.
        dates: What a new store keeps of days.
        cluster: Engine of workers, e.g. ``local:4``.
        insecure: Whether a connection to another computer may do without TLS.
        shard: Which part of the work, e.g. ``3/100``.
        parts: Folder or URL for the results of workers.
        skipped: File that lists what was skipped.
        out: File of the summary.
        model: Name or path; ``None`` is the default model.
        engine: Name of the engine.
        jobs: Threads and processes; ``None`` is all cores.
        calibration: File of a calibration.
        reading: How files are read.
        quiet: Neither summary nor progress.
        command: The command line, to be recorded.
    """

    roots: Sequence[str]
    store: str | None
    choice: Mapping[str, Any]
    uids: Uids | None
    dates: Dates | None
    cluster: str | None
    insecure: bool
    shard: str | None
    parts: str | None
    skipped: Path | None
    out: Path | None
    model: str | None
    engine: str
    jobs: int | None
    calibration: Path | None
    reading: ReadOptions
    quiet: bool
    command: str


def run_survey(request: SurveyRequest) -> int:
    """Score what is new, and print what was done.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request breaks a rule, or nothing can be listed or stored.
    """
    lazy_gdcm.claim_process()
    check_survey_outputs(request.out, request.skipped)
    choice = Choice.parse(**request.choice)
    if request.cluster is not None or request.shard is not None:
        from ctiqa.cli.survey_workers import run_on_workers

        return run_on_workers(request, choice)
    if request.parts is not None:
        raise UsageError("'--parts' is for '--cluster' and '--shard'; leave it out")
    if request.store is None:
        raise UsageError("'--store' is missing; name an SQLite file or postgresql://…")
    with stoppable() as stop:
        try:
            totals = _survey(request, request.store, choice, stop)
        except KeyboardInterrupt:
            break_off(stop)
    return finished(request, totals, stop)


def _survey(request: SurveyRequest, address: str, choice: Choice, stop: Stop) -> Totals:
    scorer = scorer_of(request)
    with open_store(address, uids=request.uids, dates=request.dates) as store:
        if not request.quiet:
            for line in before_lines(store):
                say(line, err=True)
        totals = Totals()
        with stage_bars(quiet=request.quiet) as progress:
            archive = Archive(
                request.roots,
                scorer,
                request.reading,
                choice,
                progress,
                stop.asked,
                own_places(request),
            )
            units = units_of(archive, store, totals)
            stop.keep()
            survey_units(units, archive, store, totals)
        return totals


def own_places(request: SurveyRequest, parts: str | None = None) -> list[str]:
    """Files and folders of this computer that the survey writes, besides temporary ones."""
    store = None if request.store is None else parse_address(request.store).file
    places = (store, parts, request.out, request.skipped)
    return [str(place) for place in places if place and "://" not in str(place)]


def scorer_of(request: SurveyRequest) -> Scorer:
    """The model that was asked for."""
    return Scorer(
        DEFAULT_MODEL if request.model is None else request.model,
        jobs=request.jobs,
        engine=request.engine,
        calibration=request.calibration,
    )


def finished(request: SurveyRequest, totals: Totals, stop: Stop) -> int:
    """Write and print what was done; returns the exit status."""
    if request.out is not None:
        write_summary(totals, request.out, request.command)
    if request.skipped is not None:
        write_skipped(totals, request.skipped)
    if not request.quiet:
        where = "the parts" if request.store is None else "the store"
        print_totals(totals, where=where, has_list=request.skipped is not None)
    return stop.status or exit_status(totals)


def exit_status(totals: Totals) -> int:
    """The exit status of a survey that came to its end."""
    if totals.is_complete:
        return DONE
    has_any = totals.stored or totals.known or totals.unchanged or totals.left_out
    return DONE_WITH_SKIPS if has_any else NOTHING_DONE
