"""``ctiqa prepare``: from a source to labelled examples, split by patient."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ctiqa.cli.commands.options import ModeOption, RecipeFile
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, PICTURES, require_extra


def prepare_command(
    recipe: RecipeFile,
    *,
    root: Annotated[
        Path, typer.Option(help="Folder of the source data; docs/data.md describes its layout.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the data set; finished work is kept.")],
    mode: ModeOption = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; default: all cores.")] = None,
    audit: Annotated[
        Path | None, typer.Option(help="Write an audit of the labels to this .html file.")
    ] = None,
) -> None:
    """Make labelled examples; an interrupted run is resumed by the same command."""
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
