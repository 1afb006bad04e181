"""``ctiqa ablate`` and ``ctiqa compare``: variants of a recipe, really trained, side by side."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from ctiqa.cli.train import DataFolder, DeviceKind, RecipeFile

Ablation = Literal["blocks", "members", "beta", "defects"]
OutFolder = Annotated[Path, typer.Option(help="Folder for trainings and tables; work is kept.")]
Seeds = Annotated[int, typer.Option(min=1, help="Trainings of every variant.")]
Split = Annotated[str, typer.Option(help="Split to measure on.")]
Only = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this variant; may be repeated.")
]


def ablate(
    ablation: Annotated[Ablation, typer.Argument(help="What is varied.")],
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: OutFolder,
    seeds: Seeds = 1,
    split: Split = "test",
    only: Only = None,
    device: DeviceKind = "auto",
) -> None:
    """Train a recipe with one thing changed at a time, and tabulate what it does."""
    _tabulate(ablation, recipe, data, out, seeds=seeds, split=split, only=only, device=device)


def compare(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: OutFolder,
    seeds: Seeds = 1,
    split: Split = "test",
    only: Only = None,
    device: DeviceKind = "auto",
) -> None:
    """Train a recipe's method and the networks it is compared with on the same data."""
    _tabulate("networks", recipe, data, out, seeds=seeds, split=split, only=only, device=device)


def _tabulate(
    kind: str,
    recipe: Path,
    data: Path,
    out: Path,
    *,
    seeds: int,
    split: str,
    only: list[str] | None,
    device: Literal["auto", "cpu", "cuda"],
) -> None:
    import time
    from datetime import UTC, datetime

    from ctiqa.data.manifest import read_header
    from ctiqa.evaluate.ablation import run_variants
    from ctiqa.evaluate.published import published
    from ctiqa.evaluate.variant_tables import table_markdown, write_tables
    from ctiqa.evaluate.variants import chosen, variants_of
    from ctiqa.recipe import read_values
    from ctiqa.train.devices import device as devices

    variants = chosen(variants_of(kind, read_values(recipe)), only)
    started = time.monotonic()
    with devices(device) as where:
        rows = run_variants(
            variants, data, out, seeds=seeds, split=split, device=where, tell=typer.echo
        )
        if not where.first:
            return
    words = ["ctiqa", "compare"] if kind == "networks" else ["ctiqa", "ablate", kind]
    options = ["--data", str(data), "--out", str(out), "--seeds", str(seeds), "--split", split]
    options += [word for name in only or [] for word in ("--only", name)]
    facts = {
        "command": shlex.join([*words, str(recipe), *options]),
        "date": datetime.now(UTC).date().isoformat(),
        "data": read_header(data)["content_sha256"][:16],
        "minutes": f"{(time.monotonic() - started) / 60:.1f} on {where.torch.type}",
    }
    files = write_tables(rows, published(kind), out, kind, facts)
    typer.echo(table_markdown(rows, published(kind), facts))
    typer.echo(f"wrote {', '.join(str(file) for file in files)}")
