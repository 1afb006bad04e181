"""Make a labelled data set from any source: planned, carried out, listed in one manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ctiqa.data.manifest import write_manifest
from ctiqa.data.recipe_lock import lock_recipe, recipe_digest
from ctiqa.data.runner import TaskProgress, read_records, run_tasks
from ctiqa.data.sources import (
    cccid,
    folder,
    kadid10k,
    ldct_projection,
    ldctiqac2023,
    simulate,
)
from ctiqa.data.task import Task
from ctiqa.recipe import DataRecipe

PLANS: dict[str, Callable[[Path, Any], Sequence[Task]]] = {
    "simulate": simulate.plan,
    "simulate-all": simulate.plan,
    "ldct-projection": ldct_projection.plan,
    "cccid": cccid.plan,
    "ldctiqac2023": ldctiqac2023.plan,
    "kadid10k": kadid10k.plan,
    "folder": folder.plan,
}
"""How the tasks of every source are planned, by its name in a recipe."""

AFTER: dict[str, Callable[[Path, Sequence[dict[str, Any]]], None]] = {
    "ldct-projection": ldct_projection.after,
}
"""What a source writes before the manifest, from (folder, records)."""


JOINT: dict[str, Callable[[Any, Sequence[dict[str, Any]]], list[dict[str, Any]]]] = {
    "cccid": cccid.joint,
}
"""How labels that only the whole data set gives are put in, from (recipe, records)."""


def plan(root: Path, recipe: DataRecipe) -> Sequence[Task]:
    """Every task that a recipe asks for.

    Raises:
        DataError: Listing every problem of the source at once.
    """
    return PLANS[recipe.source](root, recipe)


def prepare(
    root: Path,
    out: Path,
    recipe: DataRecipe,
    *,
    jobs: int = 1,
    progress: TaskProgress | None = None,
) -> Path:
    """Make (or finish making) a data set.

    Work that is already there is kept: killing this at any moment and calling it again ends in
    the same manifest.

    Args:
        root: Where the source lies.
        out: Folder of the data set.
        recipe: What to make.
        jobs: Worker processes.
        progress: Told (tasks done, tasks in all).

    Returns:
        The manifest file.

    Raises:
        DataError: If the source breaks a rule, or the folder holds work of another recipe or
            of another state of the collection; nothing is written then.
    """
    tasks = plan(root, recipe)
    lock_recipe(out, recipe)
    run_tasks(tasks, out, jobs=jobs, progress=progress)
    mark = {"recipe": recipe_digest(recipe)}
    records = [
        {**record, **task.facts, **mark} for task in tasks for record in read_records(task, out)
    ]
    if recipe.source in JOINT:
        records = JOINT[recipe.source](recipe, records)
    if recipe.source in AFTER:
        AFTER[recipe.source](out, records)
    return write_manifest(out, recipe, records)
