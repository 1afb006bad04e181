"""Every variant of every published system is a recipe, corrected and as published."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctiqa.evaluate.ablation.variants import variants_of
from ctiqa.recipe import read_values, recipe_from

RECIPES = Path(__file__).parents[3] / "recipes"

TABLES = [
    *(("distiliqa", kind) for kind in ("networks", "blocks", "members", "beta", "defects")),
    *(("shen2025", kind) for kind in ("networks", "blocks", "members", "beta", "defects")),
    *(("tfkt", kind) for kind in ("networks", "tfkt", "defects")),
]


@pytest.mark.parametrize("mode", ["corrected", "as-published"])
@pytest.mark.parametrize("size", ["", "-small"])
@pytest.mark.parametrize(("system", "kind"), TABLES)
def test_variants_are_recipes(system: str, kind: str, size: str, mode: str) -> None:
    values = {**read_values(RECIPES / f"{system}{size}.toml"), "mode": mode}
    made = [recipe_from(variant.values) for variant in variants_of(kind, values)]
    assert len(made) > 1
    if kind != "defects":
        assert {recipe.mode for recipe in made} == {mode}


@pytest.mark.parametrize("system", ["distiliqa", "shen2025", "tfkt"])
def test_a_compared_network_is_trained_as_the_authors_train(system: str) -> None:
    values = {**read_values(RECIPES / f"{system}.toml"), "mode": "as-published"}
    found = {each.name: recipe_from(each.values) for each in variants_of("networks", values)}
    for recipe in found.values():
        assert recipe.student.precision == "float32"
        assert recipe.data.mode == "as-published"
        assert "lung" not in getattr(recipe.network, "window", "")
