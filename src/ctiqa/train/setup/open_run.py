"""Open a run: read a data set for a recipe and check it before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ctiqa.data.manifest import read_examples, read_header
from ctiqa.errors import DataError
from ctiqa.recipe import Recipe
from ctiqa.train.scored.scores import in_grades
from ctiqa.train.scored.start import start_network
from ctiqa.train.setup.checks import check_run
from ctiqa.train.setup.devices import Device
from ctiqa.train.setup.fit import check_fit, on_data_of
from ctiqa.train.setup.run import Run


def open_run(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    device: Device | None = None,
    log: Callable[[str], None] = lambda _: None,
    resume: bool = True,
    natural: bool = False,
) -> Run:
    """Open a data set for a recipe.

    Args:
        recipe: The recipe.
        data: Folder of the data set, from any source.
        out: Folder of the run.
        device: Device to train on; the CPU if not given.
        log: Called with lines of progress.
        resume: Whether interrupted trainings are resumed.
        natural: Whether natural images are needed instead of slices.

    Returns:
        The run; its recipe has the data recipe stored in the data set. Where an installed model is
        trained further, labels are converted to grades, 0–4.

    Raises:
        DataError: If the data set has images of the other kind, does not fit the recipe, or
            training on it could not be completed; every problem is named.
        UsageError: If the recipe starts from a model that is missing or unsuitable.
    """
    examples = read_examples(data)
    header = read_header(data)
    if examples.natural != natural:
        wanted, held = ("natural images", "CT") if natural else ("CT", "natural images")
        raise DataError(f"'{data}' must hold {wanted} for this command, it holds {held}")
    if not natural:
        recipe = on_data_of(recipe, data, header)
        check_fit(recipe, examples)
    if recipe.start_model:
        start_network(recipe)
    where = device or Device()
    run = Run(recipe, examples, header["content_sha256"], out, where, resume=resume)
    if where.first:
        run = replace(run, log=log)
    check_run(run)
    return replace(run, examples=in_grades(examples)) if recipe.start_model else run
