"""``ctiqa weights import-authors``: convert a checkpoint of a system's authors to a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ctiqa.cli.console.say import say
from ctiqa.system.extras import NETWORKS, require_extra

if TYPE_CHECKING:
    from ctiqa.models.authors.checkpoint import Imported
    from ctiqa.recipe import Recipe

SystemName = Literal["distiliqa", "tfkt"]

MOST_IGNORED = 6
"""Maximum number of ignored names in the message."""


def import_authors(
    file: Annotated[Path, typer.Argument(help="A state dict saved by torch, or .safetensors.")],
    *,
    system: Annotated[SystemName, typer.Option(help="System that the weights belong to.")],
    out: Annotated[Path, typer.Option(help="Run folder to write, for 'ctiqa evaluate'.")],
    window: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Window of the slices that DistilIQA's weights learned from: 'distiliqa' (350/40) "
            "or another by name; 'challenge' where pixels of LDCTIQAC2023 were shown as they are.",
        ),
    ] = None,
) -> None:
    """Make a run from weights saved by the authors of DistilIQA or TFKT, or by their code.

    No code in the file is executed. Scores stay on the scale of the labels it was trained on.
    """
    require_extra("a network of theirs", *NETWORKS)
    from ctiqa.errors import OutputError
    from ctiqa.io.atomic import check_folder
    from ctiqa.models.authors.checkpoint import load_authors
    from ctiqa.train.loop import BEST
    from ctiqa.train.setup.run import STUDENT

    _check_window(system, window)
    check_folder(out)
    target = out / STUDENT / BEST
    if target.exists():
        raise OutputError(f"'{out}' must be a new run, but holds a network; choose another folder")
    imported = load_authors(file, system, window)
    recipe = _recipe(out.resolve().name, system, imported)
    _write(target, imported, recipe, file)
    for line in _told(imported, recipe):
        say(line)
    say(f"run: {out} (measure it with 'ctiqa evaluate {out} --data DIR --out DIR')")


def _check_window(system: SystemName, window: str | None) -> None:
    from ctiqa.errors import UsageError
    from ctiqa.hu import WINDOWS

    if window is None:
        return
    if system == "tfkt":
        raise UsageError(
            "'--window' must be left out for TFKT, which stretches every slice by itself, "
            f"got '{window}'"
        )
    if window not in WINDOWS:
        raise UsageError(f"'--window' must be one of {', '.join(WINDOWS)}, got '{window}'")


def _recipe(name: str, system: SystemName, imported: Imported) -> Recipe:
    """A recipe that records what was imported; how it was trained is unknown."""
    from ctiqa.recipe import Ldctiqac2023Data, LdctProjectionData, Recipe, TrainRecipe
    from ctiqa.recipe.rules import is_run_name

    data = LdctProjectionData if system == "distiliqa" else Ldctiqac2023Data
    return Recipe(
        name=name if is_run_name(name) else system,
        system=system,
        mode="as-published",
        data=data(mode="as-published"),
        network=imported.recipe,
        # The authors use it.
        student=TrainRecipe(precision="float32"),
        members=0,
    )


def _write(target: Path, imported: Imported, recipe: Recipe, file: Path) -> None:
    import hashlib

    from torch import nn

    from ctiqa.train import checkpoint

    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    facts: dict[str, Any] = {
        "recipe": recipe.as_dict(),
        # The authors' training data are not part of our data sets.
        "data": None,
        "imported": {"file": file.name, "sha256": digest},
        "step": 0,
        "history": [],
    }
    checkpoint.save(target, facts, average=nn.ModuleDict({"module": imported.network}))


def _told(imported: Imported, recipe: Recipe) -> Iterator[str]:
    from ctiqa.models.build import parameters
    from ctiqa.recipe.network import StemVitNetwork, TfktNetwork

    network = recipe.network
    outputs = "1 output" if network.outputs == 1 else f"{network.outputs} outputs"
    size = f"{parameters(imported.network):,} weights, {outputs}"
    if isinstance(network, StemVitNetwork):
        yield f"DistilIQA: {size}; {network.blocks} convolution blocks, {network.backbone}"
        yield f"input: slices of 512×512 in HU through the window '{network.window}'"
    if isinstance(network, TfktNetwork):
        yield f"TFKT: {size}; {network.features}, {network.transformer}"
        yield "input: slices of 512×512, each stretched from its least to its greatest value"
    if imported.ignored:
        more = f" and {len(imported.ignored) - MOST_IGNORED} more"
        names = ", ".join(f"'{name}'" for name in imported.ignored[:MOST_IGNORED])
        yield f"ignored: {names}{more if len(imported.ignored) > MOST_IGNORED else ''}"
    for note in imported.notes:
        yield f"note: {note}"
