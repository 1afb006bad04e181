"""``ctiqa export``: from a trained student to a model that scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctiqa.cli.commands.options import DataFolder, ModeOption, RecipeFile
from ctiqa.cli.commands.train import recipe_of
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, NETWORKS, ONNX, require_extra


def export(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    run: Annotated[Path, typer.Option(help="Run folder with a trained student.")],
    out: Annotated[Path, typer.Option(help="Folder for the .onnx, its card and hashes.json.")],
    mode: ModeOption = None,
    jobs: Annotated[int, typer.Option(help="Threads.")] = 2,
) -> None:
    """Export the student to ONNX, calibrate and evaluate it, and write its model card."""
    require_extra("exporting", *DATA_SETS, *NETWORKS, *ONNX)
    from ctiqa.data.manifest import read_header
    from ctiqa.evaluate.dataset import open_labelled
    from ctiqa.evaluate.model_card.card_facts import input_facts
    from ctiqa.evaluate.model_card.write_card import write_model
    from ctiqa.evaluate.scale import GRADES
    from ctiqa.io.atomic import check_folder
    from ctiqa.train.export import to_onnx
    from ctiqa.train.setup.fit import on_data_of
    from ctiqa.train.student import load_student

    wanted = on_data_of(recipe_of(recipe, mode), data, read_header(data))
    check_folder(out)
    labelled = open_labelled(data)
    facts = input_facts(wanted.network)
    low, high = facts["matrix"]
    scale = GRADES if wanted.start_model else labelled.scale
    network = to_onnx(
        load_student(wanted, run),
        side=low if low == high else None,
        multiple=facts.get("multiple", 1),
        scale=(scale.low, scale.high),
    )
    card = write_model(wanted, network, labelled.whole, out, threads=jobs, scale=labelled.scale)
    overall = card["agreement"]["overall"]
    worst, best = overall["interval"]
    say(f"{out / wanted.name}.onnx: overall {overall['value']:.3f} ({worst:.3f}-{best:.3f})")
