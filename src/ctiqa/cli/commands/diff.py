"""``ctiqa diff``: two scans, compared on matched slices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ctiqa.cli.commands.score import (
    EngineName,
    Jobs,
    ModelName,
    Quiet,
    Reformats,
    Slices,
    TiffHu,
)
from ctiqa.cli.console.command import command_of

# Strings, because Path("") would be the working folder.
ScanA = Annotated[
    str, typer.Argument(metavar="A", help="File, folder or zip archive of one series.")
]
ScanB = Annotated[str, typer.Argument(metavar="B", help="The series that is compared with it.")]
OutputFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--out", "--report", metavar="FILE", help="Write a .json, .csv or .html file; repeatable."
    ),
]
Match = Annotated[
    Literal["auto", "position", "region"],
    typer.Option(
        help="How slices are matched; auto: by position if both share a frame of reference, else "
        "by region and patient size."
    ),
]
SeriesA = Annotated[
    str | None,
    typer.Option("--series-a", metavar="UID", help="Series of A, or the end of its UID."),
]
SeriesB = Annotated[
    str | None,
    typer.Option("--series-b", metavar="UID", help="Series of B, or the end of its UID."),
]


def diff(
    context: typer.Context,
    a: ScanA,
    b: ScanB,
    *,
    out: OutputFiles = None,
    match: Match = "auto",
    series_a: SeriesA = None,
    series_b: SeriesB = None,
    slices: Slices = None,
    model: ModelName = None,
    engine: EngineName = "auto",
    jobs: Jobs = None,
    tiff_hu: TiffHu = False,
    allow_reformats: Reformats = False,
    quiet: Quiet = False,
) -> None:
    """Compare two scans on matched slices: differences with 95 % intervals, and a verdict in words.

    Score, noise, texture, sharpness and dose of B minus those of A: two protocols, kernels or
    doses, or before and after a change.

    Exit status: 0 done, 2 wrong usage, 3 done but slices could not be compared or inputs were
    skipped, 4 nothing could be compared or written, 130 stopped.
    """
    from ctiqa.cli.comparing import DiffRequest, run_diff
    from ctiqa.io import ReadOptions

    request = DiffRequest(
        paths=(a, b),
        series=(series_a, series_b),
        outputs=out or [],
        match=match,
        slices=slices,
        model=model,
        engine=engine,
        jobs=jobs,
        reading=ReadOptions(tiff_hu=tiff_hu, allow_reformats=allow_reformats),
        quiet=quiet,
        command=command_of(context),
    )
    raise typer.Exit(run_diff(request))
