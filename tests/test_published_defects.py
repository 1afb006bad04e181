"""Every published defect is a switch: on under as-published, off under corrected, one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctiqa.errors import UsageError
from ctiqa.recipe import (
    DEFECTS,
    Defect,
    Recipe,
    as_published,
    defects_of,
    overlaid,
    read_recipe,
    read_values,
    recipe_from,
)

RECIPES = Path(__file__).parents[1] / "recipes"

SYSTEMS = ("distiliqa", "shen2025", "tfkt")


def found(recipe: Recipe, key: str) -> Any:
    value: Any = recipe.as_dict()
    for name in key.split("."):
        value = value[name]
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("small", ["", "-small"])
def test_as_published_has_every_defect_and_corrected_none(system: str, small: str) -> None:
    values = read_values(RECIPES / f"{system}{small}.toml")
    corrected = recipe_from(values)
    published = recipe_from({**values, "mode": "as-published"})
    assert (corrected.mode, published.mode) == ("corrected", "as-published")
    for defect in defects_of(system):
        for key, value in defect.keys.items():
            if key == "data.mode" and small:
                assert found(published, key) == "corrected", "simulated data know no mode"
                continue
            if key.split(".")[0] not in values:
                continue
            assert found(published, key) == value, (defect.name, key)
            assert found(corrected, key) != value, (defect.name, key)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: f"{d.system}-{d.name}")
def test_a_defect_comes_alone(defect: Defect) -> None:
    values = read_values(RECIPES / f"{defect.system}.toml")
    plain = recipe_from(values).as_dict()
    changed = recipe_from(as_published(values, [defect])).as_dict()
    differing = {
        f"{table}.{key}"
        for table, content in plain.items()
        if isinstance(content, dict)
        for key in content
        if content[key] != changed[table][key]
    }
    assert differing == {key for key in defect.keys if key.split(".")[0] in values}


def test_names_are_unique_within_a_system() -> None:
    names = [(defect.system, defect.name) for defect in DEFECTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("system", SYSTEMS)
def test_recipes_of_systems_are_corrected_as_they_stand(system: str) -> None:
    recipe = read_recipe(RECIPES / f"{system}.toml")
    assert (recipe.system, recipe.mode) == (system, "corrected")


def test_small_recipes_share_one_data_set() -> None:
    tables = [read_recipe(RECIPES / f"{system}-small.toml").data for system in SYSTEMS]
    assert tables[0] == tables[1] == tables[2]


def test_full_recipes_are_the_papers() -> None:
    distiliqa, shen, tfkt = (read_recipe(RECIPES / f"{system}.toml") for system in SYSTEMS)
    assert (distiliqa.members, shen.members, tfkt.members) == (5, 4, 0)
    assert found(distiliqa, "network.blocks") == 5
    assert found(shen, "network.blocks") == 4
    for recipe, optimizer, rate in ((distiliqa, "sgd", 1e-3), (shen, "adamw", 2e-4)):
        assert recipe.teacher.optimizer == optimizer
        assert recipe.teacher.learning_rate == recipe.student.learning_rate == rate
        assert (recipe.student.distil_weight, recipe.student.distil_epsilon) == (0.75, 0.05)
    assert (distiliqa.teacher.epochs, distiliqa.student.epochs) == (500, 200)
    assert (shen.teacher.epochs, shen.student.epochs) == (100, 20)
    assert (distiliqa.teacher.batch, distiliqa.student.batch) == (10, 25)
    assert (tfkt.student.optimizer, tfkt.student.learning_rate) == ("adam", 1e-4)
    assert (tfkt.student.epochs, tfkt.student.loss) == (100, "mse")


def test_overlays_leave_the_original_alone() -> None:
    values = {"network": {"blocks": 5}}
    assert overlaid(values, {"network.blocks": 1, "student.seed": 2}) == {
        "network": {"blocks": 1},
        "student": {"seed": 2},
    }
    assert values == {"network": {"blocks": 5}}
    with pytest.raises(UsageError, match="must lead through tables, but 'blocks' is 5"):
        overlaid(values, {"network.blocks.deep": 1})
