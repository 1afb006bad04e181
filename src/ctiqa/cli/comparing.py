"""The work of ``ctiqa diff``: find, score, match, measure, write, print.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.progress import stage_bars
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS
from ctiqa.cli.console.stopping import break_off, stoppable
from ctiqa.diff.compare import compare_inputs
from ctiqa.diff.inputs import find_input
from ctiqa.diff.matching.relation import Match
from ctiqa.diff.measuring import Reading
from ctiqa.diff.report.outputs import check_outputs, write_outputs
from ctiqa.diff.result import Comparison
from ctiqa.io import ReadOptions
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.score import Scorer
from ctiqa.score.select import SliceRange
from ctiqa.system.processor import usable_cores


@dataclass(frozen=True, slots=True)
class DiffRequest:
    """The arguments of ``ctiqa diff``, as typed.

    Attributes:
        paths: A and B.
        series: UID of the series of A and of B, or its end; ``None`` if there is only one.
        outputs: Files to write.
        match: How slices are matched.
        slices: Range of slices, ``A:B``; ``None`` is all.
        model: Name or path; ``None`` is the default model.
        engine: Name of the engine.
        jobs: Threads and processes; ``None`` is all cores.
        reading: How files are read.
        quiet: Neither table nor progress.
        command: The command line, to be recorded.
    """

    paths: tuple[str, str]
    series: tuple[str | None, str | None]
    outputs: Sequence[Path]
    match: Match
    slices: str | None
    model: str | None
    engine: str
    jobs: int | None
    reading: ReadOptions
    quiet: bool
    command: str


def run_diff(request: DiffRequest) -> int:
    """Compare two scans, write the outputs and print the result.

    Outputs are checked first. After Ctrl-C nothing is written.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request breaks a rule, nothing can be compared, or writing fails.
        Exit: If the user stopped the run.
    """
    lazy_gdcm.claim_process()
    check_outputs(request.outputs)
    with stoppable() as stop:
        try:
            comparison = _compare(request)
            write_outputs(comparison, request.outputs, request.command)
        except KeyboardInterrupt:
            break_off(stop)
    if not request.quiet:
        _print(comparison)
    return DONE if comparison.is_complete else DONE_WITH_SKIPS


def _compare(request: DiffRequest) -> Comparison:
    slices = None if request.slices is None else SliceRange.parse(request.slices)
    scorer = Scorer(request.model or DEFAULT_MODEL, jobs=request.jobs, engine=request.engine)
    with stage_bars(quiet=request.quiet) as progress:
        inputs = [
            find_input(
                name,
                path,
                scorer,
                series=series,
                options=request.reading,
                slices=slices,
                progress=progress,
            )
            for name, path, series in zip("AB", request.paths, request.series, strict=True)
        ]
        jobs = request.jobs or usable_cores()
        reading = Reading(request.reading, jobs, progress)
        return compare_inputs(inputs, scorer, match=request.match, reading=reading)


def _print(comparison: Comparison) -> None:
    from ctiqa.cli.console.tables.diff import print_comparison  # loads rich

    print_comparison(comparison)
