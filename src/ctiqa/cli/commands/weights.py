"""``ctiqa weights``: list, verify and import models, all offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctiqa.cli.commands.import_authors import import_authors
from ctiqa.cli.console.say import say

weights_app = typer.Typer(
    help="List, verify and import model files.", no_args_is_help=True, add_completion=False
)

weights_app.command("import-authors")(import_authors)


@weights_app.command("list")
def list_weights() -> None:
    """List the models that --model knows by name."""
    from ctiqa.errors import WeightsError
    from ctiqa.weights import list_models, load_card

    for files in list_models():
        try:
            card = load_card(files.name)
        except WeightsError as error:
            say(f"{files.name}  {files.origin}  broken: {error}")
        else:
            licence = card.facts.get("licence", "licence not stated")
            say(f"{files.name}  {card.version}  {files.origin}  {licence}")


@weights_app.command()
def verify(
    model: Annotated[
        str | None, typer.Argument(help="Name of a model or path of an .onnx file; default: all.")
    ] = None,
) -> None:
    """Verify the SHA-256 of model files."""
    from ctiqa.weights import list_models, load_model

    for name in [model] if model else [files.name for files in list_models()]:
        say(f"{name}  ok  sha256 {load_model(name).sha256}")


@weights_app.command("import")
def import_weights(
    file: Annotated[
        Path, typer.Argument(help="An .onnx file with its .json card in the same folder.")
    ],
    sha256: Annotated[
        str | None,
        typer.Option(help="Expected digest, if the folder of the file has no hashes.json."),
    ] = None,
) -> None:
    """Copy a verified model into your own folder, so that --model finds it by name."""
    from ctiqa.errors import UsageError
    from ctiqa.io.atomic import make_folder, write_bytes
    from ctiqa.weights import installation, load_hashes, load_model

    if file.suffix != ".onnx":
        raise UsageError(f"'FILE' must be an .onnx file, got {file}")
    if sha256 is None and file.name not in load_hashes(file.parent):
        raise UsageError(
            f"{file.name} cannot be verified: put its hashes.json beside it or pass --sha256"
        )
    plan = installation(load_model(file, sha256=sha256))
    make_folder(plan[0][0].parent)
    for target, data in plan:
        write_bytes(target, data)
    say(f"imported {file.stem} into {plan[0][0].parent}")
