"""``ctiqa trends``: the scans of a store as courses, tables and a page, checked on limits."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ctiqa.cli.commands.archive.survey import Since, Until
from ctiqa.cli.commands.score import Jobs, Quiet
from ctiqa.cli.console.command import command_of
from ctiqa.system.extras import require_extra

StoreAddress = Annotated[
    str,
    typer.Option("--store", metavar="URL", help="An existing store: SQLite file or postgresql://…"),
]
# Strings, because Path("") would be the working folder.
OutFolder = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write trends.html, scans.csv, scans.parquet and trends.json; default: print only.",
    ),
]
LimitsFile = Annotated[
    str | None,
    typer.Option(
        "--limits",
        metavar="FILE",
        help="Check the limits in this .toml file (docs/how-to/trends.md).",
    ),
]
By = Annotated[
    Literal["day", "week", "month"] | None,
    typer.Option(help="Length of the periods; default: week, or month if the store keeps no days."),
]
BaselineDays = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FIRST:LAST",
        help="Days that the control limits are computed from, e.g. 2026-01-01:2026-03-31; "
        "default: the first periods with enough scans.",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="Only scans that fulfil it, e.g. 'protocol=Abdomen*' or 'kvp<=100'; repeatable.",
    ),
]
ScoredBy = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Only scans scored by this model, by name or digest; default: the one used last.",
    ),
]
Thumbnails = Annotated[
    str | None,
    typer.Option(
        metavar="ROOT",
        help="Show pictures of the outliers; their files are searched for below this folder.",
    ),
]


def trends(
    context: typer.Context,
    *,
    store: StoreAddress,
    out: OutFolder = None,
    limits: LimitsFile = None,
    by: By = None,
    baseline: BaselineDays = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    model: ScoredBy = None,
    thumbnails: Thumbnails = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Show how image quality and dose develop, what is unusual, and which limits are broken.

    Reads the results that 'ctiqa survey' has stored, and prints what needs attention. With --out
    it also writes a page that needs no network, and tables with one row per scan.

    Exit status: 0 done, 2 wrong usage, 3 done but a limit could not be checked or a picture was
    not found, 4 nothing in the store or nothing could be read or written, 5 done and a limit is
    broken, 130 or 143 stopped.
    """
    require_extra("'ctiqa trends'", "polars", "sqlalchemy", "alembic", extra="clinic")
    from ctiqa.cli.trending import run_trends
    from ctiqa.cli.trends_request import TrendsRequest

    request = TrendsRequest(
        store=store,
        out=out,
        limits=limits,
        by=by,
        baseline=baseline,
        since=since,
        until=until,
        where=where or [],
        model=model,
        thumbnails=thumbnails,
        jobs=jobs,
        quiet=quiet,
        command=command_of(context),
    )
    raise typer.Exit(run_trends(request))
