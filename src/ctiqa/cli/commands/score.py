"""``ctiqa score``: from files and folders to scores and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctiqa.cli.console.say import complain, say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS, NOTHING_DONE
from ctiqa.cli.console.stopping import Stop, break_off, stoppable
from ctiqa.errors import CtiqaError

if TYPE_CHECKING:
    from ctiqa.io import ReadOptions
    from ctiqa.score.report.report import Report
    from ctiqa.score.scorer import Scorer


def score(
    # As texts: a path object makes the working folder of an empty one.
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files and folders: DICOM (also in a zip archive), NIfTI, MetaImage, NRRD, TIFF, "
            "NPY.",
            metavar="PATH",
        ),
    ],
    *,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "--report",
            metavar="FILE",
            help="Write a .json, .csv, .parquet or .html file; repeatable.",
        ),
    ] = None,
    slices: Annotated[
        str | None,
        typer.Option(
            metavar="A:B",
            help="Score these slices of each scan, in z order, from 0, B not included.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Threads and reading processes; default all cores."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Model name, or path of an .onnx file with its card."),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="W/L", help="Width/level in HU or a name, for models that let you choose."
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="onnxruntime, openvino (extra 'fast') or cuda; auto takes the fastest.",
        ),
    ] = "auto",
    tiff_hu: Annotated[
        bool, typer.Option("--tiff-hu", help="Read float TIFF in [0, 1] as HU = 1400 p - 1000.")
    ] = False,
    allow_reformats: Annotated[
        bool, typer.Option("--allow-reformats", help="Score reformats that are not axial, too.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table and no progress bar.")] = False,
) -> None:
    """Score CT scans: how good they are, 0 (bad) to 4 (excellent).

    Ctrl-C keeps what is done and writes it; a second one stops at once.

    Exit status: 0 done, 2 wrong usage, 3 done but inputs were skipped, 4 nothing was scored or
    could be done, 130 stopped.
    """
    from ctiqa.io import ReadOptions
    from ctiqa.io.dicom.decoding import lazy_gdcm
    from ctiqa.score.report.outputs import check_outputs

    lazy_gdcm.claim_process()
    targets = out or []
    check_outputs(targets)
    options = ReadOptions(tiff_hu=tiff_hu, allow_reformats=allow_reformats)
    with stoppable() as stop:
        try:
            scorer = _scorer(model, jobs, window, engine)
            result = _run(scorer, paths, options, slices, stop, quiet=quiet)
            failures = _write(result, targets)
        except KeyboardInterrupt:
            break_off(stop)
    if not quiet:
        _print(result)
    _conclude(result, targets, failures, stop)
    raise typer.Exit(NOTHING_DONE if failures else stop.status or exit_status(result))


def exit_status(report: Report) -> int:
    """The exit status for a finished run."""
    if all(verdict.score is None for verdict in report.scans):
        return NOTHING_DONE
    return DONE_WITH_SKIPS if report.skipped else DONE


def _scorer(model: str | None, jobs: int | None, window: str | None, engine: str) -> Scorer:
    from ctiqa.catalog import DEFAULT_MODEL
    from ctiqa.hu import Window
    from ctiqa.score import Scorer

    chosen = None if window is None else Window.parse(window)
    return Scorer(
        DEFAULT_MODEL if model is None else model, jobs=jobs, window=chosen, engine=engine
    )


def _run(
    scorer: Scorer,
    paths: list[str],
    options: ReadOptions,
    slices: str | None,
    stop: Stop,
    *,
    quiet: bool,
) -> Report:
    from ctiqa.cli.console.progress import stage_bars
    from ctiqa.score.select import SliceRange

    chosen = None if slices is None else SliceRange.parse(slices)
    with stage_bars(quiet=quiet) as progress:
        found = scorer.find(paths, options, slices=chosen, progress=progress)
        stop.keep()
        result = scorer.score_found(found, options, progress=progress, stop=stop.asked)
    if stop.number is not None and not result.scans:
        raise KeyboardInterrupt
    return result


def _write(result: Report, targets: list[Path]) -> list[CtiqaError]:
    """Write every output; one that fails does not cost the others.

    Returns:
        What went wrong; nothing where all are written.
    """
    failures: list[CtiqaError] = []
    for path in targets:
        try:
            result.write(path)
        except CtiqaError as error:
            failures.append(error)
    return failures


def _print(result: Report) -> None:
    from ctiqa.cli.console.score_table import print_report

    print_report(result)


def _conclude(result: Report, targets: list[Path], failures: list[CtiqaError], stop: Stop) -> None:
    """What the exit status means, in a sentence, where it is not a good one."""
    from ctiqa.score.report.facts import how_far, why_nothing_was_scored

    if failures:
        complain("\n".join(str(error) for error in failures))
    if stop.number is not None:
        written = ", ".join(map(str, targets)) if targets and not failures else "nothing"
        say(f"{how_far(result)}; written: {written}", err=True)
    elif exit_status(result) == NOTHING_DONE:
        complain(f"nothing was scored: {why_nothing_was_scored(result)}")
