"""Checks that a data set fits a recipe, whatever its source.

The [data] table of a recipe is for ``ctiqa prepare``. Training uses the given data set,
described by the recipe stored in its folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ctiqa.data.label_scale import parse_label_scale
from ctiqa.data.manifest import HEADER, Examples
from ctiqa.errors import DataError
from ctiqa.hu import WINDOWS
from ctiqa.models.build import build
from ctiqa.recipe import DataRecipe, NetworkRecipe, Recipe, recipe_from
from ctiqa.recipe.published import WITHOUT_MODES
from ctiqa.train.batches import RAW_RANGE

WIDEST_SCALE = 10.0
"""Widest label scale that the losses and learning rates of the recipes are suited for."""

_DARKEST_HU = -1000
"""Anything darker is ignored: it looks the same to label and network."""

PAIRED = ("ldct-projection", "cccid")
"""Sources with labels that compare a slice with its original in the windows of docs/data.md."""

SIMULATED = ("simulate", "simulate-clinical")
"""Sources with labels made of five metrics in two windows."""


def on_data_of(recipe: Recipe, folder: Path, header: Mapping[str, Any]) -> Recipe:
    """The recipe with its [data] table replaced by that of the given data set.

    Args:
        recipe: The recipe to train.
        folder: Folder of the data set.
        header: Header of the data set, with the data recipe that made it.

    Raises:
        DataError: If its folds or mode do not fit; the message says what would.
        UsageError: If the header has unknown keys.
    """
    made = made_by(folder, header)
    problems = [*_about_mode(recipe, made), *_about_folds(recipe, made)]
    if problems:
        raise DataError(_listed(recipe, folder, problems))
    return replace(recipe, data=made)


def made_by(folder: Path, header: Mapping[str, Any]) -> DataRecipe:
    """The data recipe in the header of a data set.

    Keys missing from the header of an earlier version have their defaults.
    """
    values = {"name": "data", "members": 0, "data": header["recipe"]}
    return recipe_from(values, str(folder / HEADER)).data


def check_fit(recipe: Recipe, examples: Examples) -> None:
    """Refuse label scales and slice sizes that the recipe cannot be trained on.

    Raises:
        DataError: Listing what does not fit, and what would.
    """
    problems = [*_about_scale(recipe, examples), *_about_size(recipe, examples)]
    if problems:
        raise DataError(_listed(recipe, examples.folder, problems))


def unseen(recipe: Recipe) -> str | None:
    """HU range that labels depend on but the network cannot see; ``None`` if there is none.

    The windows that readers used are not known.

    >>> from ctiqa.recipe import LdctProjectionData, StemVitNetwork
    >>> network = StemVitNetwork(window="distiliqa")
    >>> unseen(Recipe("a", data=LdctProjectionData(), network=network))
    "labels look at -1000…-136 HU, which 'network.window' does not show: ..."
    """
    hidden = _hu_of(_label_windows(recipe.data)) - _hu_of(_network_windows(recipe.network))
    if not hidden:
        return None
    return (
        f"labels look at {min(hidden)}…{max(hidden)} HU, which 'network.window' does not show: a "
        f"change there moves the label alone; add {' or '.join(_label_windows(recipe.data))}"
    )


def _label_windows(data: DataRecipe) -> tuple[str, ...]:
    if data.source in PAIRED:
        return ("distiliqa",) if data.mode == "as-published" else ("distiliqa", "lung")
    return ("soft", "challenge") if data.source in SIMULATED else ()


def _network_windows(network: NetworkRecipe) -> tuple[str, ...]:
    """Names of its windows; with min-max scaling all windows, as nothing is hidden."""
    if getattr(network, "scaling", "window") != "window":
        return tuple(WINDOWS)
    joined = getattr(network, "window", "") or "+".join(getattr(network, "windows", ()))
    return tuple(joined.split("+"))


def _hu_of(windows: tuple[str, ...]) -> set[int]:
    """CT numbers, from air upwards, that at least one window shows."""
    ranges = (WINDOWS[name].range_hu for name in windows)
    return {hu for low, high in ranges for hu in range(max(int(low), _DARKEST_HU), int(high))}


def _listed(recipe: Recipe, folder: Path, problems: list[str]) -> str:
    return f"'{folder}' does not fit recipe '{recipe.name}': " + "; ".join(problems)


def _about_mode(recipe: Recipe, made: DataRecipe) -> Iterator[str]:
    """Data of another mode would make published tables wrong."""
    wanted = recipe.data.mode if recipe.mode == "corrected" else recipe.mode
    if made.source not in WITHOUT_MODES and made.mode != wanted:
        yield (
            f"its labels and folds are {made.mode}, the recipe's {wanted}; set 'data.mode' (and "
            f"'mode') in the recipe to '{made.mode}', or take data prepared with '{wanted}'"
        )


def _about_folds(recipe: Recipe, made: DataRecipe) -> Iterator[str]:
    """Members need a fold each, unless all hold out the first."""
    if recipe.teacher.hold_out == "usual" and recipe.members > made.folds:
        yield (
            f"it has {made.folds} folds, and each of the recipe's {recipe.members} teacher members "
            f"leaves one out; set 'members' and 'network.outputs' to {made.folds}"
        )


def _about_scale(recipe: Recipe, examples: Examples) -> Iterator[str]:
    words = label_scale_of(examples)
    low, high = parse_label_scale(words)
    if recipe.start_model:
        return  # They are converted to grades.
    if high - low > WIDEST_SCALE:
        yield (
            f"its labels are on the scale {words}, and scales must be at most {WIDEST_SCALE:g} "
            "wide, as losses and learning rates are made for them; divide the scores, 0-4 say"
        )
    elif _draws_grades(recipe) and (low < RAW_RANGE[0] or high > RAW_RANGE[1]):
        yield (
            f"its labels are on the scale {words}, and a training that counts 'steps' takes grades "
            "0-4; count 'epochs' instead, or shift the scores"
        )


def label_scale_of(examples: Examples) -> str:
    """Label scale of a data set as its manifest states it; empty if it states none."""
    known = "label_scale" in examples.table.columns and len(examples)
    return str(examples.column("label_scale")[0]) if known else ""


def _draws_grades(recipe: Recipe) -> bool:
    """Whether a training draws batches balanced by grade, with labels clipped to the scale."""
    trainings = [*recipe.student_trainings.values(), *([recipe.teacher] if recipe.members else ())]
    return any(not train.epochs for train in trainings)


def _about_size(recipe: Recipe, examples: Examples) -> Iterator[str]:
    """Whether slices have a usable size: tried on meta tensors, without computation."""
    if not len(examples):
        return
    rows, cols = examples.images()[0].shape[:2]
    with torch.device("meta"), torch.no_grad():
        network = build(replace(recipe.network, pretrained="none")).eval()
        try:
            network(torch.zeros(1, 1, rows, cols))
        except DataError as error:
            yield f"its slices have {rows}×{cols} pixels: {error}"
