"""``ctiqa info``: the model card."""

from __future__ import annotations

from typing import Annotated

import typer


def info(
    model: Annotated[
        str | None, typer.Argument(help="Name of a model, or path of an .onnx file with its card.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Show a model card: data, licences, labels, range, measured agreement."""
    from ctiqa.catalog import DEFAULT_MODEL
    from ctiqa.weights import load_model

    card = load_model(model or DEFAULT_MODEL).facts
    if as_json:
        import json

        from ctiqa.text.plain_text import clean_tree

        typer.echo(json.dumps(clean_tree(card), indent=2, ensure_ascii=False, allow_nan=False))
        return
    from ctiqa.cli.console.tables.info import print_card

    print_card(card)
