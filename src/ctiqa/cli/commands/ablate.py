"""``ctiqa ablate`` and ``ctiqa compare``: train variants of a recipe and tabulate their results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ctiqa.cli.commands.options import (
    DataFolder,
    DeviceName,
    DeviceOption,
    Epochs,
    ModeName,
    ModeOption,
    Natural,
    Only,
    RecipeFile,
    Seeds,
    SplitOption,
    StudyFolder,
)
from ctiqa.cli.console.command import command_of
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, NETWORKS, require_extra

if TYPE_CHECKING:
    from ctiqa.evaluate.ablation.results import VariantSummary
    from ctiqa.evaluate.ablation.variants import Variant
    from ctiqa.train.setup.devices import Device

Ablation = Literal["blocks", "members", "beta", "tfkt", "defects"]


def ablate(
    context: typer.Context,
    ablation: Annotated[Ablation, typer.Argument(help="What is varied.")],
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: StudyFolder,
    mode: ModeOption = None,
    seeds: Seeds = 1,
    split: SplitOption = "test",
    only: Only = None,
    epochs: Epochs = None,
    natural: Natural = None,
    data_as_published: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The same data prepared with 'data.mode' as-published, for the defects of data.",
        ),
    ] = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a recipe with one change at a time, and tabulate the effect."""
    study = _Study(
        recipe, data, out, mode, seeds, split, only, epochs, natural, device, data_as_published
    )
    _run(ablation, study, command_of(context))


def compare(
    context: typer.Context,
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: StudyFolder,
    mode: ModeOption = None,
    seeds: Seeds = 1,
    split: SplitOption = "test",
    only: Only = None,
    epochs: Epochs = None,
    natural: Natural = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a recipe's method, and the networks it is compared with, on the same data."""
    study = _Study(recipe, data, out, mode, seeds, split, only, epochs, natural, device)
    _run("networks", study, command_of(context))


@dataclass(frozen=True, slots=True)
class _Study:
    """Options of both commands."""

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


def _run(kind: str, study: _Study, command: str) -> None:
    require_extra("training", *DATA_SETS, *NETWORKS, *DRAWINGS)
    from ctiqa.evaluate.ablation.study import baseline_summaries
    from ctiqa.io.atomic import check_folder
    from ctiqa.train.setup.devices import device as devices

    variants = _variants(kind, study)
    check_folder(study.out)
    with devices(study.device) as where:
        summaries = _summaries(variants, study, where)
        if not where.first:
            return
    if kind == "networks":
        summaries += baseline_summaries(study.data, study.split)
    minutes = f"{sum(each.minutes for each in summaries):.1f} on {where.torch.type}"
    _write(kind, study, summaries, command, minutes)


def _variants(kind: str, study: _Study) -> list[Variant]:
    """The variants of the recipe, in the mode and with the epochs of the options."""
    from ctiqa.evaluate.ablation.variants import chosen, shortened, variants_of
    from ctiqa.recipe import read_values

    values = read_values(study.recipe)
    if study.mode is not None:
        values["mode"] = study.mode
    if study.epochs:
        values = shortened(values, study.epochs)
    return chosen(variants_of(kind, values), study.only)


def _summaries(variants: list[Variant], study: _Study, where: Device) -> list[VariantSummary]:
    """Train and measure the variants."""
    from ctiqa.evaluate.ablation.study import run_variants

    return run_variants(
        variants,
        study.data,
        study.out,
        seeds=study.seeds,
        split=study.split,
        natural=study.natural,
        published_data=study.data_as_published,
        device=where,
        log=say,
    )


def _write(
    kind: str,
    study: _Study,
    summaries: list[VariantSummary],
    command: str,
    minutes: str,
) -> None:
    """Write the tables, and print the main one."""
    from datetime import UTC, datetime

    from ctiqa.data.manifest import read_header
    from ctiqa.evaluate.ablation.published import published_for
    from ctiqa.evaluate.ablation.tables import table_markdown, write_tables

    header = read_header(study.data)
    facts = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "data": header["content_sha256"][:16],
        "minutes": minutes,
    }
    published = published_for(kind, header["recipe"].get("setting"))
    files = write_tables(summaries, published, study.out, kind, facts)
    say(table_markdown(summaries, published, facts))
    say(f"wrote {', '.join(str(file) for file in files)}")
