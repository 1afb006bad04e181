"""``ctiqa prepare``: from a source to labelled, patient-split examples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ctiqa.cli.commands.train import ModeName
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, PICTURES, require_extra


def prepare_command(
    recipe: Annotated[Path, typer.Argument(help="Recipe (.toml).")],
    *,
    root: Annotated[
        Path, typer.Option(help="Where the source lies; its layout is in docs/data.md.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the data set; work there is kept.")],
    mode: Annotated[
        ModeName | None,
        typer.Option(help="As the authors made them, or corrected; default the recipe's mode."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; default all cores.")] = None,
    audit: Annotated[
        Path | None, typer.Option(help="Write an audit of the labels to this .html file.")
    ] = None,
) -> None:
    """Make labelled examples; stop at any time and call again to go on."""
    require_extra("preparing a data set", *DATA_SETS)
    if audit is not None:
        require_extra("an audit", *DRAWINGS)
    from ctiqa.cli.console.counting import count_bar
    from ctiqa.data.prepare import prepare as make
    from ctiqa.recipe import in_mode, read_recipe

    wanted = read_recipe(recipe, mode).data
    if mode is not None:
        wanted = in_mode(wanted, mode)
    if wanted.source == "kadid10k":
        require_extra("reading natural images", *PICTURES)
    with count_bar("Making examples") as move:
        manifest = make(root, out, wanted, jobs=jobs or os.cpu_count() or 1, progress=move)
    say(f"wrote {manifest}")
    if audit is not None:
        from ctiqa.data.manifest import read_examples
        from ctiqa.evaluate.label_audit.audit import write_audit

        write_audit(read_examples(out), audit)
        say(f"wrote {audit}")
