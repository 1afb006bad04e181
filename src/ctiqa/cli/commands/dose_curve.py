"""``ctiqa dose-curve``: the score of a scan at lower doses, simulated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctiqa.cli.commands.score import EngineName, ModelName, Paths, Quiet, TiffHu
from ctiqa.cli.console.command import command_of
from ctiqa.cli.console.say import say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS

if TYPE_CHECKING:
    from ctiqa.dose_curve.plan import Plan
    from ctiqa.dose_curve.result import DoseCurves
    from ctiqa.io import ReadOptions

OutputFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--out", "--report", metavar="FILE", help="Write a .json or .html file; repeatable."
    ),
]
DoseList = Annotated[
    str | None,
    typer.Option(
        metavar="D,D,…", help="Fractions of the dose of the scan, 0.001 to 1; default: 1 to 0.03."
    ),
]
Target = Annotated[float, typer.Option(metavar="SCORE", help="Score whose dose is sought.")]
Draws = Annotated[
    int | None, typer.Option(metavar="N", help="Noise images per slice and dose; default: 3.")
]
Samples = Annotated[
    int | None,
    typer.Option(metavar="N", help="Slices per series, spread along z; default: 7."),
]
Slices = Annotated[
    str | None,
    typer.Option(metavar="A:B", help="Sample from these slices of each series, from 0."),
]
Electronic = Annotated[
    float,
    typer.Option(
        metavar="SHARE", help="Share of the noise variance of the scan that is electronic."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Threads that simulate and score; default: all cores."),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Seed of the noise; default: 0.")]


def dose_curve(
    context: typer.Context,
    paths: Paths,
    *,
    out: OutputFiles = None,
    doses: DoseList = None,
    target: Target = 3.0,
    draws: Draws = None,
    samples: Samples = None,
    slices: Slices = None,
    electronic: Electronic = 0.0,
    seed: Seed = None,
    model: ModelName = None,
    engine: EngineName = "auto",
    jobs: Jobs = None,
    tiff_hu: TiffHu = False,
    quiet: Quiet = False,
) -> None:
    """Simulate the score of a scan at lower doses, and the dose at which it falls to a target.

    Noise is inserted in the projections of sampled slices, with their own level and texture.

    Exit status: 0 done, 2 wrong usage, 3 done but files or series were skipped, 4 no series has a
    curve or nothing could be written, 130 stopped. Nothing is written before the end.
    """
    from ctiqa.cli.console.stopping import break_off, stoppable
    from ctiqa.dose_curve.plan import Plan, parse_doses
    from ctiqa.dose_curve.report.as_text import curves_as_text
    from ctiqa.dose_curve.report.outputs import check_outputs, write_outputs
    from ctiqa.io import ReadOptions

    given = {
        "doses": None if doses is None else parse_doses(doses),
        "draws": draws,
        "samples": samples,
        "seed": seed,
    }
    known = {name: value for name, value in given.items() if value is not None}
    plan = Plan(**known, target=target, electronic=electronic)  # type: ignore[arg-type]
    outputs = out or []
    check_outputs(outputs)
    reading = ReadOptions(tiff_hu=tiff_hu)
    with stoppable() as stop:
        try:
            found = _run(
                paths,
                plan,
                reading,
                slices=slices,
                model=model,
                engine=engine,
                jobs=jobs,
                quiet=quiet,
            )
            write_outputs(found, outputs, command_of(context))
        except KeyboardInterrupt:
            break_off(stop)
    if not quiet:
        say(curves_as_text(found))
    raise typer.Exit(DONE_WITH_SKIPS if found.lost else DONE)


def _run(
    paths: list[str],
    plan: Plan,
    reading: ReadOptions,
    *,
    slices: str | None,
    model: str | None,
    engine: str,
    jobs: int | None,
    quiet: bool,
) -> DoseCurves:
    from ctiqa.catalog import DEFAULT_MODEL
    from ctiqa.cli.console.progress import stage_bars
    from ctiqa.dose_curve.run import Means, dose_curves
    from ctiqa.io.dicom.decoding import lazy_gdcm
    from ctiqa.score import Scorer
    from ctiqa.score.select import SliceRange
    from ctiqa.system.extras import require_extra
    from ctiqa.system.processor import usable_cores

    require_extra("'ctiqa dose-curve'", "numba")
    import numba

    lazy_gdcm.claim_process()
    workers = jobs or usable_cores()
    numba.set_num_threads(min(workers, numba.get_num_threads()))
    scorer = Scorer(model or DEFAULT_MODEL, jobs=1, engine=engine)
    chosen = None if slices is None else SliceRange.parse(slices)
    with stage_bars(quiet=quiet) as progress:
        means = Means(scorer, reading, workers, progress)
        return dose_curves(paths, plan, means, chosen=chosen)
