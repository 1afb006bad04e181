"""``ctiqa survey``: an archive into a store, a list of an archive, and results from a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from ctiqa.cli.commands.score import (
    CalibrationFile,
    EngineName,
    Jobs,
    ModelName,
    Quiet,
    Reformats,
    TiffHu,
)
from ctiqa.cli.console.command import command_of
from ctiqa.system.extras import require_extra

RUN = "run"
"""The command that is meant if none is named."""


class RunByDefault(TyperGroup):
    """A group in which ``ctiqa survey ROOT`` stands for ``ctiqa survey run ROOT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the command if the first word is not one."""
        if not args or args[0] not in self.commands:
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Leave the name of the default command out of the help and of recorded commands."""
        name, command, rest = super().resolve_command(ctx, args)
        return None if name == RUN else name, command, rest


survey_app = typer.Typer(
    cls=RunByDefault,
    help="Score an archive into a store; next time only what is new. Also 'survey list' and "
    "'survey merge'.",
    add_completion=False,
)

Roots = Annotated[
    list[str],
    typer.Argument(
        metavar="ROOT",
        help="Folders, files, zip archives, manifests (.csv, .parquet), s3://… and other object "
        "stores, DICOMweb servers (https://…).",
    ),
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where results go: an SQLite file, created if it is not there, or postgresql://…",
    ),
]
Since = Annotated[
    str | None, typer.Option(metavar="DAY", help="Only studies from this day on, YYYY-MM-DD.")
]
Until = Annotated[
    str | None, typer.Option(metavar="DAY", help="Only studies up to this day, YYYY-MM-DD.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="Only series whose headers fulfil it, e.g. 'protocol=Abdomen*' or 'kvp<=100'; "
        "repeatable.",
    ),
]
Sample = Annotated[
    int | None, typer.Option(metavar="N", help="Only N series of each protocol, always the same.")
]
Uids = Annotated[
    Literal["plain", "hashed"] | None,
    typer.Option(help="How a new store keeps UIDs of series; default: plain."),
]
Dates = Annotated[
    Literal["day", "month", "none"] | None,
    typer.Option(help="What a new store keeps of the day of a study; default: day."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINE",
        help="Score with dask: local, local:N, tcp://HOST:PORT, tls://HOST:PORT, tls:FILE.toml, "
        "slurm:FILE.toml or kubernetes:FILE.toml (extra 'cluster').",
    ),
]
Insecure = Annotated[
    bool,
    typer.Option(
        "--cluster-insecure",
        help="Allow plain tcp to another computer; whoever reaches its port can run programs "
        "there and here.",
    ),
]
ShardOf = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Do share I of N of the work, e.g. 3/100, for job arrays; needs --parts.",
    ),
]
Parts = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Folder or URL where --cluster and --shard write their results, to be collected by "
        "'ctiqa survey merge'; default with --store FILE: FILE.parts.",
    ),
]
SkippedFile = Annotated[
    Path | None,
    typer.Option(
        "--skipped",
        metavar="FILE",
        help="Write the files that this survey skipped, with reasons, as .csv; their paths may "
        "contain names of patients.",
    ),
]
Summary = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the summary as .json, without file names."),
]


@survey_app.command(RUN, hidden=True)
def survey_run(
    context: typer.Context,
    roots: Roots,
    *,
    store: StoreUrl = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    sample: Sample = None,
    uids: Uids = None,
    dates: Dates = None,
    cluster: Cluster = None,
    cluster_insecure: Insecure = False,
    shard: ShardOf = None,
    parts: Parts = None,
    skipped: SkippedFile = None,
    out: Summary = None,
    model: ModelName = None,
    engine: EngineName = "auto",
    jobs: Jobs = None,
    calibration: CalibrationFile = None,
    tiff_hu: TiffHu = False,
    allow_reformats: Reformats = False,
    quiet: Quiet = False,
) -> None:
    """Score every CT series of an archive that the store does not have yet.

    Each series is stored as soon as it is scored. A survey that was stopped is resumed by the same
    command. Files that have not changed since the last survey are not opened again, whether they
    were scored or skipped; only files that could not be read or fetched are tried again.

    See also 'ctiqa survey list --help' (write a manifest of an archive) and 'ctiqa survey merge
    --help' (collect what --shard or --cluster has written).

    Exit status: 0 done, 2 wrong usage, 3 done but inputs were skipped, 4 nothing could be done,
    130 or 143 stopped.
    """
    _check_libraries()
    from ctiqa.cli.surveying import SurveyRequest, run_survey
    from ctiqa.io import ReadOptions

    request = SurveyRequest(
        roots=roots,
        store=store,
        choice={"since": since, "until": until, "where": where or [], "sample": sample},
        uids=uids,
        dates=dates,
        cluster=cluster,
        insecure=cluster_insecure,
        shard=shard,
        parts=parts,
        skipped=skipped,
        out=out,
        model=model,
        engine=engine,
        jobs=jobs,
        calibration=calibration,
        reading=ReadOptions(tiff_hu=tiff_hu, allow_reformats=allow_reformats),
        quiet=quiet,
        command=command_of(context),
    )
    raise typer.Exit(run_survey(request))


@survey_app.command("list")
def survey_list(
    roots: Roots,
    *,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The manifest, .csv or .parquet.", show_default=False),
    ],
    jobs: Jobs = None,
    tiff_hu: TiffHu = False,
    allow_reformats: Reformats = False,
    quiet: Quiet = False,
) -> None:
    """List an archive in a manifest: one row per file, with its series.

    A survey of the manifest starts without reading all headers first. Give it to all shards, so
    that they work from the same list.

    Exit status: 0 done, 2 wrong usage, 3 done but inputs could not be listed, 4 nothing was found
    or written.
    """
    _check_libraries()
    from ctiqa.cli.survey_listing import ListRequest, run_list
    from ctiqa.io import ReadOptions

    reading = ReadOptions(tiff_hu=tiff_hu, allow_reformats=allow_reformats)
    raise typer.Exit(run_list(ListRequest(roots, out, jobs, reading, quiet=quiet)))


@survey_app.command("merge")
def survey_merge(
    parts: Annotated[
        str,
        typer.Argument(metavar="PARTS", help="Folder or URL that --cluster or --shard wrote to."),
    ],
    *,
    store: StoreUrl = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write scans.parquet, slices.parquet, skipped.parquet."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Collect the results of shards or a cluster in a store, or as Parquet.

    Results that the store already has are not added again.

    Exit status: 0 done, 2 wrong usage, 3 done but parts are damaged, 4 nothing could be done.
    """
    _check_libraries()
    from ctiqa.cli.survey_merging import run_merge

    raise typer.Exit(run_merge(parts, store, out, quiet=quiet))


def _check_libraries() -> None:
    require_extra("'ctiqa survey'", "sqlalchemy", "alembic", "polars", extra="clinic")
