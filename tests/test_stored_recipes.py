"""Recipes stored by earlier versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ctiqa.recipe import FineTuneRecipe, Recipe, read_recipe
from ctiqa.recipe.stored import completed


def plain(recipe: Recipe) -> dict[str, Any]:
    return dict(json.loads(json.dumps(recipe.as_dict())))


@pytest.mark.parametrize("name", ["ctiqa-s4", "shen2025", "tfkt", "distiliqa"])
def test_a_recipe_of_today_is_complete(name: str) -> None:
    today = plain(read_recipe(Path("recipes") / f"{name}.toml"))
    assert completed(today, today) == today


def test_keys_added_since_have_their_defaults() -> None:
    today = plain(Recipe("a", fine_tune=FineTuneRecipe(steps=3)))
    before = json.loads(json.dumps(today))
    for table, key in (("student", "open_scale"), ("fine_tune", "patience"), ("data", "draws")):
        del before[table][key]
    assert before != today
    assert completed(before, today) == today


def test_a_value_is_never_replaced_and_nothing_is_added_that_nobody_asks_for() -> None:
    stored = {"name": "a", "student": {"steps": 7, "average": 0.5}}
    wanted = {"name": "b", "student": {"steps": 1, "seed": 4}, "teacher": {"steps": 1}}
    made = completed(stored, wanted)
    assert made == {"name": "a", "student": {"steps": 7, "ema_decay": 0.5, "seed": 1}}


def test_what_is_no_recipe_stays_what_it_is() -> None:
    odd = {"student": 3, "network": {"kind": "unheard-of"}, "data": None}
    assert completed(odd, {"student": {"steps": 1}, "network": {}, "data": {}}) == odd
