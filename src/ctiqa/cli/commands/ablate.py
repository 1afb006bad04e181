"""``ctiqa ablate`` and ``ctiqa compare``: variants of a recipe, really trained, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from ctiqa.cli.commands.options import (
    DataFolder,
    DeviceName,
    DeviceOption,
    ModeName,
    ModeOption,
    RecipeFile,
)
from ctiqa.cli.console.command import command_of
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, NETWORKS, require_extra

Ablation = Literal["blocks", "members", "beta", "tfkt", "defects"]
OutFolder = Annotated[Path, typer.Option(help="Folder for trainings and tables; work is kept.")]
Seeds = Annotated[int, typer.Option(min=1, help="Trainings of every variant.")]
Split = Annotated[str, typer.Option(help="Split to measure on.")]
Only = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this variant; may be repeated.")
]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="Most epochs of a training; default the recipe's.")
]
Natural = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Natural images with scores, for TFKT's first phase."),
]
DataAsPublished = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The same data prepared with 'data.mode' as-published, for the defects of data.",
    ),
]


def ablate(
    context: typer.Context,
    ablation: Annotated[Ablation, typer.Argument(help="What is varied.")],
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: OutFolder,
    mode: ModeOption = None,
    seeds: Seeds = 1,
    split: Split = "test",
    only: Only = None,
    epochs: Epochs = None,
    natural: Natural = None,
    data_as_published: DataAsPublished = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a recipe with one thing changed at a time, and tabulate what it does."""
    asked = _Asked(
        recipe, data, out, mode, seeds, split, only, epochs, natural, device, data_as_published
    )
    _tabulate(ablation, asked, command_of(context))


def compare(
    context: typer.Context,
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: OutFolder,
    mode: ModeOption = None,
    seeds: Seeds = 1,
    split: Split = "test",
    only: Only = None,
    epochs: Epochs = None,
    natural: Natural = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a recipe's method and the networks it is compared with on the same data."""
    asked = _Asked(recipe, data, out, mode, seeds, split, only, epochs, natural, device)
    _tabulate("networks", asked, command_of(context))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What both commands are told."""

    recipe: Path
    data: Path
    out: Path
    mode: ModeName | None
    seeds: int
    split: str
    only: list[str] | None
    epochs: int | None
    natural: Path | None
    device: DeviceName
    data_as_published: Path | None = None


def _tabulate(kind: str, asked: _Asked, command: str) -> None:
    require_extra("training", *DATA_SETS, *NETWORKS, *DRAWINGS)
    from datetime import UTC, datetime

    from ctiqa.data.manifest import read_header
    from ctiqa.evaluate.ablation.published import published_beside
    from ctiqa.evaluate.ablation.study import reference_rows, run_variants
    from ctiqa.evaluate.ablation.tables import table_markdown, write_tables
    from ctiqa.evaluate.ablation.variants import chosen, shortened, variants_of
    from ctiqa.io.atomic import check_folder
    from ctiqa.recipe import read_values
    from ctiqa.train.setup.devices import device as devices

    values = read_values(asked.recipe)
    if asked.mode is not None:
        values["mode"] = asked.mode
    if asked.epochs:
        values = shortened(values, asked.epochs)
    check_folder(asked.out)
    variants = chosen(variants_of(kind, values), asked.only)
    with devices(asked.device) as where:
        rows = run_variants(
            variants,
            asked.data,
            asked.out,
            seeds=asked.seeds,
            split=asked.split,
            natural=asked.natural,
            published_data=asked.data_as_published,
            device=where,
            log=say,
        )
        if not where.first:
            return
    if kind == "networks":
        rows += reference_rows(asked.data, asked.split)
    header = read_header(asked.data)
    facts = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "data": header["content_sha256"][:16],
        "minutes": f"{sum(row.minutes for row in rows):.1f} on {where.torch.type}",
    }
    published = published_beside(kind, header["recipe"].get("setting"))
    files = write_tables(rows, published, asked.out, kind, facts)
    say(table_markdown(rows, published, facts))
    say(f"wrote {', '.join(str(file) for file in files)}")
