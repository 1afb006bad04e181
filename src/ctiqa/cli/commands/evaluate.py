"""``ctiqa evaluate``: how good models are on patients they never saw."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctiqa.cli.commands.options import DataFolder, DeviceOption
from ctiqa.cli.console.command import command_of
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, NETWORKS, require_extra

if TYPE_CHECKING:
    from ctiqa.evaluate.evaluation import Evaluation
    from ctiqa.evaluate.predictors.predictor import ExampleProgress


def evaluate_command(
    context: typer.Context,
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help="Name of a model, .onnx file, run folder, checkpoint, RUN:teacher, or a "
            "reference: noise-level, niqe, psnr, ssim.",
        ),
    ] = None,
    *,
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Folder for tables, metrics.json and index.html.")],
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "test",
    predictions: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Scores of another method: CSV id,score[,name]."),
    ] = None,
    properties: Annotated[
        bool, typer.Option("--properties", help="Try whether scores stay and follow as they must.")
    ] = False,
    property_examples: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Examples that properties are tried on; default 96."),
    ] = None,
    rounding: Annotated[
        bool, typer.Option("--round", help="Make scores rounded to the labels' grid the main ones.")
    ] = False,
    trained_on: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Leave out patients that this data set trains on."),
    ] = None,
    published: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE",
            help="Print published rows below: blocks, members, beta, networks, tfkt, challenge "
            "or all; also written to published.md.",
        ),
    ] = None,
    device: DeviceOption = "auto",
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads; default all cores.")
    ] = None,
) -> None:
    """Measure models, and any method's scores, on one split: tables, figures and a page.

    Exit status: 0 done, 2 wrong usage or data, 4 nothing could be done.
    """
    require_extra("evaluating", *DATA_SETS, *DRAWINGS)
    from ctiqa.evaluate.ablation.published_table import beside_published, check_tables
    from ctiqa.evaluate.dataset import open_labelled
    from ctiqa.evaluate.evaluation import Options
    from ctiqa.evaluate.evaluation import evaluate as measure
    from ctiqa.evaluate.predictors.open import is_run, open_predictors
    from ctiqa.evaluate.report.write_results import check_results_folder, write_results
    from ctiqa.evaluate.robustness.check import MOST_EXAMPLES
    from ctiqa.io.atomic import write_bytes
    from ctiqa.score.scorer import usable_cores

    if any(map(is_run, models or [])):
        require_extra("a run", *NETWORKS)
    check_results_folder(out)
    check_tables(published or [])
    labelled = open_labelled(data, split, trained_on=trained_on)
    predictors = open_predictors(
        models or [], predictions or [], labelled, threads=jobs or usable_cores(), device=device
    )
    options = Options(rounding, properties, property_examples or MOST_EXAMPLES)
    with ExitStack() as bars:
        found = measure(predictors, labelled, options, _bars(bars))
    write_results(found, out, command_of(context))
    _tell(found, out)
    if published:
        text = beside_published(found, published)
        write_bytes(out / "published.md", text.encode())
        say(text)


def _bars(stack: ExitStack) -> Callable[[str], ExampleProgress]:
    """A bar for every piece of work, one after the other."""
    from ctiqa.cli.console.counting import count_bar

    def show(label: str) -> ExampleProgress:
        stack.close()
        return stack.enter_context(count_bar(label))

    return show


def _tell(found: Evaluation, out: Path) -> None:
    for each in found.models:
        main = each.rounded if found.options.round else each.given
        overall, mae = main["overall"], main["mae"]
        known = overall.interval
        between = f" ({known[0]:.3f}-{known[1]:.3f})" if known else ""
        say(f"{each.predictor.name}: overall {overall.value:.3f}{between}, MAE {mae.value:.3f}")
    for note in found.notes:
        say(f"note: {note}", err=True)
    say(f"page: {out / 'index.html'}")
