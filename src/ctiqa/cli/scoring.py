"""The work of ``ctiqa score``: find, score, write, print.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.maps_line import maps_line
from ctiqa.cli.console.progress import stage_bars
from ctiqa.cli.console.say import complain, say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS, NOTHING_DONE
from ctiqa.cli.console.stopping import Stop, break_off, stoppable
from ctiqa.cli.scored_objects import (
    Kind,
    ObjectsWritten,
    failures_text,
    objects_line,
    prepare_objects,
    write_asked,
)
from ctiqa.errors import CtiqaError
from ctiqa.hu import Window
from ctiqa.io import ReadOptions
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.score import Scorer
from ctiqa.score.report.facts import how_far, why_nothing_was_scored
from ctiqa.score.report.outputs import check_outputs
from ctiqa.score.report.report import Report
from ctiqa.score.select import SliceRange


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """The arguments of ``ctiqa score``, as typed.

    Attributes:
        paths: Files and folders to score.
        outputs: Files to write.
        maps: Folder for maps of local noise; ``None`` writes none.
        slices: Range of slices, ``A:B``; ``None`` is all.
        model: Name or path; ``None`` is the default model.
        window: Window by name or numbers; ``None`` is that of the model.
        engine: Name of the engine.
        jobs: Threads and processes; ``None`` is all cores.
        reading: How files are read.
        quiet: Neither table nor progress.
        calibration: File of a calibration to local readers.
        objects: Kinds of DICOM objects to write, by folder.
    """

    paths: Sequence[str]
    outputs: Sequence[Path]
    maps: str | None
    slices: str | None
    model: str | None
    window: str | None
    engine: str
    jobs: int | None
    reading: ReadOptions
    quiet: bool
    calibration: Path | None = None
    objects: Mapping[Path, Sequence[Kind]] = field(default_factory=dict)


def run_score(request: ScoreRequest) -> int:
    """Score files and folders, write the outputs and print the table.

    Outputs are checked first. After Ctrl-C the slices scored so far are kept and written.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request breaks a rule, or there is no input.
        Exit: If the user stopped a run that has nothing to keep.
    """
    lazy_gdcm.claim_process()
    # First, because another output may be in the same folder.
    prepare_objects(request.objects)
    check_outputs(request.outputs)
    with stoppable() as stop:
        try:
            report = _score(request, stop)
            objects = write_asked(report, request.objects)
            failures = [
                *_failed_maps(report),
                *_write(report, request.outputs),
                *objects.errors,
            ]
        except KeyboardInterrupt:
            break_off(stop)
    if not request.quiet:
        _print(report, objects)
    if lacking := failures_text(objects):
        say(lacking, err=True)
    _explain(report, request.outputs, failures, stop)
    return NOTHING_DONE if failures else stop.status or _status(report, objects)


def _status(report: Report, objects: ObjectsWritten) -> int:
    """The exit status; a series without object counts as skipped."""
    status = exit_status(report)
    return DONE_WITH_SKIPS if status == DONE and objects.failures else status


def exit_status(report: Report) -> int:
    """The exit status for a finished run."""
    if all(verdict.score is None for verdict in report.scans):
        return NOTHING_DONE
    return DONE_WITH_SKIPS if report.skipped else DONE


def _score(request: ScoreRequest, stop: Stop) -> Report:
    scorer = _scorer(request)
    if request.maps is not None:
        scorer.check_maps(request.maps)
    chosen = None if request.slices is None else SliceRange.parse(request.slices)
    with stage_bars(quiet=request.quiet) as progress:
        found = scorer.find(request.paths, request.reading, slices=chosen, progress=progress)
        stop.keep()
        report = scorer.score_found(
            found, request.reading, maps=request.maps, progress=progress, stop=stop.asked
        )
    if stop.number is not None and not report.scans:
        raise KeyboardInterrupt
    return report


def _scorer(request: ScoreRequest) -> Scorer:
    return Scorer(
        DEFAULT_MODEL if request.model is None else request.model,
        jobs=request.jobs,
        window=None if request.window is None else Window.parse(request.window),
        engine=request.engine,
        calibration=request.calibration,
    )


def _failed_maps(report: Report) -> list[CtiqaError]:
    """Why not all maps are written; empty if they are."""
    failure = None if report.maps is None else report.maps.failure
    return [] if failure is None else [failure]


def _write(report: Report, outputs: Sequence[Path]) -> list[CtiqaError]:
    """Write every output; one that fails does not cost the others.

    Returns:
        The errors; empty if all outputs are written.
    """
    failures: list[CtiqaError] = []
    for path in outputs:
        try:
            report.write(path)
        except CtiqaError as error:
            failures.append(error)
    return failures


def _print(report: Report, objects: ObjectsWritten) -> None:
    from ctiqa.cli.console.tables.score import print_report  # loads rich

    print_report(report)
    if report.maps is not None:
        say(maps_line(report.maps))
    if objects.folders:
        say(objects_line(objects))


def _explain(
    report: Report, outputs: Sequence[Path], failures: Sequence[CtiqaError], stop: Stop
) -> None:
    """Explain in a sentence an exit status other than 0 or 3."""
    if failures:
        complain("\n".join(map(str, failures)))
    if stop.number is not None:
        written = ", ".join(map(str, outputs)) if outputs and not failures else "nothing"
        say(f"{how_far(report)}; written: {written}", err=True)
    elif exit_status(report) == NOTHING_DONE:
        complain(f"nothing was scored: {why_nothing_was_scored(report)}")
