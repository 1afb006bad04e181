"""The work of ``ctiqa calibrate``: score the cases, calibrate, write, print.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.calibration.calibrate import calibrate, checked_range
from ctiqa.calibration.file import Calibration
from ctiqa.calibration.table import read_readings
from ctiqa.calibration.wanted import files_of, only_wanted
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.progress import stage_bars
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS
from ctiqa.cli.console.stopping import break_off, stoppable
from ctiqa.errors import NothingToDoError, UsageError, some
from ctiqa.io import Found, ReadOptions
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.score import Scorer
from ctiqa.score.report.outputs import check_outputs
from ctiqa.text.plain_text import clean
from ctiqa.types import Results


@dataclass(frozen=True, slots=True)
class CalibrateRequest:
    """The arguments of ``ctiqa calibrate``, as typed.

    Attributes:
        readers: Table with the scores of readers.
        paths: Files and folders with the cases; empty for those that the table names.
        out: File to write.
        report: JSON report with the scores of the model; ``None`` scores the cases.
        score_range: Worst and best score of the readers' scale.
        name: Name of the calibration; ``None`` is that of the file.
        model: Name or path; ``None`` is the default model.
        engine: Name of the engine.
        jobs: Threads and processes; ``None`` is all cores.
        reading: How files are read.
        quiet: Neither table nor progress.
    """

    readers: Path
    paths: Sequence[str]
    out: Path
    report: Path | None
    score_range: tuple[float, float]
    name: str | None
    model: str | None
    engine: str
    jobs: int | None
    reading: ReadOptions
    quiet: bool


def run_calibrate(request: CalibrateRequest) -> int:
    """Calibrate a model's scores to readers, write the file and print the result.

    The output is checked first. After Ctrl-C nothing is written.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request or the cases break a rule, or no case is found.
        Exit: If the user stopped the run.
    """
    lazy_gdcm.claim_process()
    _check(request)
    with stoppable() as stop:
        try:
            made = calibrate(
                request.readers,
                request.report or _scores(request),
                score_range=request.score_range,
                name=request.name or request.out.stem,
            )
            made.write(request.out)
        except KeyboardInterrupt:
            break_off(stop)
    if not request.quiet:
        _print(made, request.out)
    return DONE_WITH_SKIPS if made.left_out else DONE


def _check(request: CalibrateRequest) -> None:
    """Check arguments, before time is spent on scoring."""
    if request.out.suffix.lower() != ".json":
        raise UsageError(f"'out' must end in .json, got {request.out}")
    check_outputs([request.out])
    checked_range(request.score_range)
    if request.report is None:
        return
    if request.paths:
        raise UsageError(
            f"'PATH' must be left out with --report, got {request.paths[0]}; the report holds the "
            "scores"
        )
    if request.model is not None:
        raise UsageError(
            f"'model' must be left out with --report, got {request.model}; the report names its "
            "model"
        )
    if request.out.exists() and request.report.exists() and request.out.samefile(request.report):
        raise UsageError(f"'out' must be another file than the report, got {request.out}")


def _scores(request: CalibrateRequest) -> Results:
    """Score the slices that the table names."""
    readings = read_readings(request.readers, request.score_range)
    root = request.readers.parent
    scorer = Scorer(
        DEFAULT_MODEL if request.model is None else request.model,
        jobs=request.jobs,
        engine=request.engine,
    )
    places = request.paths or files_of(readings, root)
    with stage_bars(quiet=request.quiet) as progress:
        found = scorer.find(places, request.reading, progress=progress)
        wanted = only_wanted(found, readings, root)
        if not wanted.scans and (not found.skipped or not any(each.is_path for each in readings)):
            raise NothingToDoError(_none_found(request.readers, found))
        return scorer.score_found(wanted, request.reading, progress=progress)


def _none_found(readers: Path, found: Found) -> str:
    """No scan that was found is a case; files that were skipped may be why."""
    head = f"no case of {clean(readers.name)} is among the {len(found.scans)} series found"
    skipped = some((f"{clean(each.file.name)}: {clean(each.detail)}" for each in found.skipped), 3)
    why = f" ({skipped})" if skipped else ""
    return f"{head}{why}; check the ids or paths, or pass the scans that they name"


def _print(made: Calibration, out: Path) -> None:
    from ctiqa.cli.console.tables.calibration import print_calibration  # loads rich

    print_calibration(made, out)
