"""Every variant of every published system is a recipe, corrected and as published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.evaluate.ablation.tiny_study import VALUES

from ctiqa.errors import UsageError
from ctiqa.evaluate.ablation.published import published, published_for
from ctiqa.evaluate.ablation.variants import (
    BETAS,
    BLOCKS,
    chosen,
    on_given_data,
    shortened,
    variants_of,
)
from ctiqa.recipe import TfktNetwork, overlaid, read_values, recipe_from

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


def small(system: str) -> dict[str, Any]:
    return read_values(RECIPES / f"{system}-small.toml")


@pytest.mark.parametrize(
    ("kind", "system", "key", "found"),
    [
        ("blocks", "distiliqa", "network.blocks", list(BLOCKS)),
        ("members", "shen2025", "members", [1, 2, 3, 4, 5]),
        ("beta", "distiliqa", "student.distil_weight", list(BETAS)),
    ],
)
def test_papers_tables_vary_one_thing(kind: str, system: str, key: str, found: list[float]) -> None:
    table, _, name = key.rpartition(".")
    rows = variants_of(kind, small(system))
    recipes = [recipe_from(row.values).as_dict() for row in rows]
    assert [(r[table] if table else r)[name] for r in recipes] == found
    assert len({row.folder for row in rows}) == len(rows)


@pytest.mark.parametrize("system", ["distiliqa", "shen2025", "tfkt"])
def test_defects_come_one_by_one_then_all(system: str) -> None:
    names = [row.name for row in variants_of("defects", small(system))]
    assert names[0] == "corrected"
    assert names[-1] == "as published"
    assert "data" not in names, "simulated data know no mode"
    assert len(names) >= 4
    for row in variants_of("defects", small(system)):
        recipe_from(row.values)


@pytest.mark.parametrize("system", ["distiliqa", "shen2025", "tfkt"])
@pytest.mark.parametrize("size", ["", "-small"])
def test_compared_networks_are_recipes(system: str, size: str) -> None:
    rows = variants_of("networks", read_values(RECIPES / f"{system}{size}.toml"))
    for row in rows:
        recipe = recipe_from(row.values)
        assert recipe.members == 0 or row.name == "this method"
    names = {row.name for row in rows}
    assert {"ViT", "ResNet", "DenseNet", "VGGNet", "GoogLeNet", "own network alone"} <= names


@pytest.mark.parametrize(
    ("kind", "system", "said"),
    [
        ("blocks", "tfkt", "must be 'stem-vit'"),
        ("beta", "tfkt", "must have 'members' > 0"),
        ("members", "tfkt", "must have 'members' > 0"),
        ("tfkt", "shen2025", r"must be 'tfkt', with a \[pretrain\] table"),
        ("colour", "tfkt", "'ablation' must be one of blocks, members"),
    ],
)
def test_what_cannot_be_varied(kind: str, system: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        variants_of(kind, small(system))


def test_tfkt_varies_its_phases() -> None:
    rows = variants_of("tfkt", read_values(RECIPES / "tfkt.toml"))
    assert [row.name for row in rows] == ["TFKT", "TFKT, features frozen", "TFKT without phase 1"]
    whole, frozen, alone = (recipe_from(row.values) for row in rows)
    assert whole == recipe_from(read_values(RECIPES / "tfkt.toml"))
    assert isinstance(whole.network, TfktNetwork)
    assert frozen == replace(whole, network=replace(whole.network, freeze_features=True))
    assert alone == replace(whole, pretrain=None)
    for setting in ("A", "B", None):
        theirs = published_for("tfkt", setting)
        assert theirs == published("challenge" if setting == "B" else "tfkt")
        assert {row.name for row in rows} & theirs.keys()


def test_members_do_not_depend_on_the_folds_of_the_recipe() -> None:
    values = overlaid(small("shen2025"), {"data.folds": 2, "members": 2, "network.outputs": 2})
    recipes = [recipe_from(row.values) for row in variants_of("members", values)]
    assert [(r.members, r.network.outputs) for r in recipes] == [(k, k) for k in range(1, 6)]


@pytest.mark.parametrize("system", ["distiliqa", "shen2025", "tfkt"])
def test_defects_of_data_need_data_as_published(system: str) -> None:
    rows = variants_of("defects", read_values(RECIPES / f"{system}.toml"))
    source = rows[0].values["data"]["source"]
    every, said = on_given_data(rows, source, published_data=True)
    assert (every, said) == (rows, [])
    marked = [row.name for row in every if row.published_data]
    assert marked == ["data", "as published"]
    for row in every:
        mode = recipe_from(row.values).data.mode
        assert mode == ("as-published" if row.published_data else "corrected")
    left, said = on_given_data(rows, source, published_data=False)
    assert [row.name for row in left] == [
        *(row.name for row in rows[:-2]),
        "as published but the data",
    ]
    assert said[0] == "data: left out, give --data-as-published"
    last, whole = recipe_from(left[-1].values), recipe_from(rows[-1].values)
    assert last == replace(whole, data=replace(whole.data, mode="corrected"))


def test_data_without_modes_bring_no_defect_of_data_back() -> None:
    rows = variants_of("defects", read_values(RECIPES / "distiliqa.toml"))
    left, said = on_given_data(rows, "simulate", published_data=False)
    assert [row.name for row in left] == [row.name for row in rows if row.name != "data"]
    assert said == ["data: left out, data of 'simulate' have no published form"]
    with pytest.raises(UsageError, match=r"'data-as-published' is for 'defects'.*leave it out"):
        on_given_data(rows, "simulate", published_data=True)
    with pytest.raises(UsageError, match="no variant is left to run: data: left out"):
        on_given_data(chosen(rows, ["data"]), "cccid", published_data=False)


def test_defects_need_a_published_system() -> None:
    with pytest.raises(UsageError, match="needs the recipe of a published system"):
        variants_of("defects", VALUES)


def test_epochs_only_get_fewer() -> None:
    own = small("shen2025")
    epochs = {name: own[name]["epochs"] for name in ("teacher", "student")}
    assert epochs["teacher"] < epochs["student"], "so that one is cut and the other is not"
    values = shortened(own, epochs["teacher"])
    assert {values[name]["epochs"] for name in epochs} == {epochs["teacher"]}
    assert own == small("shen2025")
    with pytest.raises(UsageError, match="count epochs; teacher has none"):
        shortened(VALUES, 2)


def test_choosing_variants() -> None:
    rows = variants_of("beta", small("distiliqa"))
    assert [row.name for row in chosen(rows, ["beta 0.5"])] == ["beta 0.5"]
    assert chosen(rows, None) == rows
    with pytest.raises(UsageError, match="got beta 7"):
        chosen(rows, ["beta 7"])
