"""``ctiqa calibrate``: from a few dozen scores of local readers to a calibration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctiqa.cli.commands.score import EngineName, Jobs, ModelName, Quiet, Reformats, TiffHu

ReaderTable = Annotated[
    Path,
    typer.Argument(
        metavar="READERS",
        help="CSV with the columns path (file or folder) or id (UID), score and, if known, reader "
        "and patient.",
    ),
]
Scans = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files and folders with the cases; default: the paths in the table, relative to it.",
        show_default=False,
    ),
]
CalibrationOut = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="File to write (.json).")
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Take the model's scores from this JSON report of 'ctiqa score'.",
    ),
]
ScoreRange = Annotated[
    tuple[float, float],
    typer.Option(
        metavar="WORST BEST", help="The readers' scale, such as 1 5; 5 1 where 1 is the best."
    ),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Name in every output; default: that of the file."),
]


def calibrate(
    readers: ReaderTable,
    paths: Scans = None,
    *,
    out: CalibrationOut,
    report: ReportFile = None,
    score_range: ScoreRange = (0, 4),
    name: Name = None,
    model: ModelName = None,
    engine: EngineName = "auto",
    jobs: Jobs = None,
    tiff_hu: TiffHu = False,
    allow_reformats: Reformats = False,
    quiet: Quiet = False,
) -> None:
    """Calibrate the scores to local readers, with 20 or more cases of 9 or more patients.

    The file is applied by 'ctiqa score --calibration FILE'. It holds no identities.

    Exit status: 0 done, 2 wrong usage, or cases that cannot calibrate (too few, of one grade,
    contradictory), 3 done but cases were left out, 4 no case was found or nothing could be written,
    130 stopped.
    """
    from ctiqa.cli.calibrating import CalibrateRequest, run_calibrate
    from ctiqa.io import ReadOptions

    request = CalibrateRequest(
        readers=readers,
        paths=paths or [],
        out=out,
        report=report,
        score_range=score_range,
        name=name,
        model=model,
        engine=engine,
        jobs=jobs,
        reading=ReadOptions(tiff_hu=tiff_hu, allow_reformats=allow_reformats),
        quiet=quiet,
    )
    raise typer.Exit(run_calibrate(request))
