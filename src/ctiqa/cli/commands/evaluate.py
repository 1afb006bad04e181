"""``ctiqa evaluate``: how well models agree with labels on held-out patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctiqa.cli.commands.options import DataFolder, DeviceName, DeviceOption, SplitOption
from ctiqa.cli.console.command import command_of
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, NETWORKS, require_extra

if TYPE_CHECKING:
    from ctiqa.evaluate.evaluation import Evaluation, Options
    from ctiqa.evaluate.predictors.predictor import ExampleProgress

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL",
        help="Name of a model, .onnx file, run folder, checkpoint, RUN:teacher, or a baseline: "
        "noise-level, niqe, psnr, ssim.",
    ),
]
ResultsFolder = Annotated[
    Path, typer.Option(help="Folder for tables, metrics.json and index.html.")
]
ScoreTables = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Scores of another method: CSV id,score[,name]."),
]
Robustness = Annotated[bool, typer.Option("--properties", help="Run robustness checks.")]
RobustnessExamples = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Examples for robustness checks; default 96."),
]
Rounding = Annotated[
    bool, typer.Option("--round", help="Use scores rounded to the labels' grid as main scores.")
]
TrainedOn = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Leave out patients that this data set trains on."),
]
Published = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TABLE",
        help="Print published rows below: blocks, members, beta, networks, tfkt, challenge or all; "
        "also written to published.md.",
    ),
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Threads; default all cores.")
]


def evaluate_command(
    context: typer.Context,
    models: Models = None,
    *,
    data: DataFolder,
    out: ResultsFolder,
    split: SplitOption = "test",
    predictions: ScoreTables = None,
    properties: Robustness = False,
    property_examples: RobustnessExamples = None,
    rounding: Rounding = False,
    trained_on: TrainedOn = None,
    published: Published = None,
    device: DeviceOption = "auto",
    jobs: Threads = None,
) -> None:
    """Evaluate models, and the scores of any method, on one split: tables, metrics and a page.

    Exit status: 0 done, 2 wrong usage or data, 4 nothing could be done.
    """
    require_extra("evaluating", *DATA_SETS, *DRAWINGS)
    from ctiqa.evaluate.ablation.published_table import check_tables
    from ctiqa.evaluate.evaluation import Options
    from ctiqa.evaluate.report.write_results import write_results
    from ctiqa.evaluate.robustness.check import MOST_EXAMPLES
    from ctiqa.io.atomic import check_results_folder

    check_results_folder(out)
    check_tables(published or [])
    options = Options(rounding, properties, property_examples or MOST_EXAMPLES)
    request = _Request(models or [], predictions or [], data, split, trained_on, device, jobs)
    found = _evaluate(request, options)
    write_results(found, out, command_of(context))
    _print(found, out)
    if published:
        _write_published(found, published, out)


@dataclass(frozen=True, slots=True)
class _Request:
    """What to evaluate, and on which data."""

    models: Sequence[str]
    predictions: Sequence[Path]
    data: Path
    split: str
    trained_on: Path | None
    device: DeviceName
    jobs: int | None


def _evaluate(request: _Request, options: Options) -> Evaluation:
    from ctiqa.evaluate.dataset import open_labelled
    from ctiqa.evaluate.evaluation import evaluate
    from ctiqa.evaluate.predictors.open import is_run, open_predictors
    from ctiqa.system.processor import usable_cores

    if any(map(is_run, request.models)):
        require_extra("a run", *NETWORKS)
    labelled = open_labelled(request.data, request.split, trained_on=request.trained_on)
    predictors = open_predictors(
        request.models,
        request.predictions,
        labelled,
        threads=request.jobs or usable_cores(),
        device=request.device,
    )
    with ExitStack() as bars:
        return evaluate(predictors, labelled, options, _bars(bars))


def _bars(stack: ExitStack) -> Callable[[str], ExampleProgress]:
    """A progress bar for every piece of work, one after the other."""
    from ctiqa.cli.console.counting import count_bar

    def show(label: str) -> ExampleProgress:
        stack.close()
        return stack.enter_context(count_bar(label))

    return show


def _print(found: Evaluation, out: Path) -> None:
    for each in found.models:
        main = found.main_estimates(each)
        overall, mae = main["overall"], main["mae"]
        ends = overall.interval
        interval = f" ({ends[0]:.3f}-{ends[1]:.3f})" if ends else ""
        say(f"{each.predictor.name}: overall {overall.value:.3f}{interval}, MAE {mae.value:.3f}")
    for note in found.notes:
        say(f"note: {note}", err=True)
    say(f"page: {out / 'index.html'}")


def _write_published(found: Evaluation, tables: Sequence[str], out: Path) -> None:
    """Print measured and published results side by side, and write them."""
    from ctiqa.evaluate.ablation.published_table import with_published
    from ctiqa.io.atomic import write_bytes

    text = with_published(found, tables)
    write_bytes(out / "published.md", text.encode())
    say(text)
