"""Prepare a labelled data set from any source: plan tasks, run them, write the manifest."""

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
    simulate_clinical,
)
from ctiqa.data.task import Task
from ctiqa.recipe import DataRecipe

PLANS: dict[str, Callable[[Path, Any], Sequence[Task]]] = {
    "simulate": simulate.plan,
    "simulate-clinical": simulate_clinical.plan,
    "ldct-projection": ldct_projection.plan,
    "cccid": cccid.plan,
    "ldctiqac2023": ldctiqac2023.plan,
    "kadid10k": kadid10k.plan,
    "folder": folder.plan,
}
"""Planner of each source, by its name in a recipe."""

AFTER: dict[str, Callable[[Path, Sequence[dict[str, Any]]], None]] = {
    "ldct-projection": ldct_projection.after,
}
"""Extra files of a source, written before the manifest, from (folder, records)."""

JOINT: dict[str, Callable[[Any, Sequence[dict[str, Any]]], list[dict[str, Any]]]] = {
    "cccid": cccid.joint,
}
"""Labels that depend on the whole data set, added from (recipe, records)."""


def plan(root: Path, recipe: DataRecipe) -> Sequence[Task]:
    """Plan all tasks of a recipe.

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
    """Prepare a data set, or resume its preparation.

    Completed tasks are kept: an interrupted run can be repeated and gives the same manifest.

    Args:
        root: Folder of the source.
        out: Folder of the data set.
        recipe: Recipe of the data set.
        jobs: Number of worker processes.
        progress: Progress callback with (tasks completed, total tasks).

    Returns:
        The manifest file.

    Raises:
        DataError: If the source breaks a rule, or the folder holds examples of another recipe or
            of another version of the collection; nothing is written then.
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
