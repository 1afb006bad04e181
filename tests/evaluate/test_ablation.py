from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared

from ctiqa.errors import DataError, UsageError
from ctiqa.evaluate import ablation
from ctiqa.evaluate.ablation import Result, Row, rows_of, run_variants, with_seed
from ctiqa.evaluate.published import PUBLISHED, published
from ctiqa.evaluate.variant_tables import table_markdown, write_tables
from ctiqa.evaluate.variants import (
    BETAS,
    BLOCKS,
    Variant,
    chosen,
    shortened,
    variants_of,
)
from ctiqa.recipe import overlaid, read_values, recipe_from

RECIPES = Path(__file__).parents[2] / "recipes"

VALUES: dict[str, Any] = {
    "name": "tiny",
    "members": 2,
    "data": {
        "train_examples": DATA.train_examples,
        "held_out_examples": DATA.held_out_examples,
        "folds": DATA.folds,
        "test_share": DATA.test_share,
    },
    "network": {"stem": [8, 8, 8, 8, 16], "blocks": 1, "heads": 2, "outputs": 2},
    "teacher": {"steps": 2, "batch": 4, "validate_every": 2},
    "student": {"steps": 2, "batch": 4, "validate_every": 2, "distil_weight": 0.5},
}


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
        ("colour", "tfkt", "'ablation' must be one of blocks, members"),
    ],
)
def test_what_cannot_be_varied(kind: str, system: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        variants_of(kind, small(system))


def test_defects_need_a_published_system() -> None:
    with pytest.raises(UsageError, match="needs the recipe of a published system"):
        variants_of("defects", VALUES)


def test_epochs_only_get_fewer() -> None:
    values = shortened(small("shen2025"), 4)
    assert (values["teacher"]["epochs"], values["student"]["epochs"]) == (3, 4)
    assert small("shen2025")["student"]["epochs"] == 5
    with pytest.raises(UsageError, match="count epochs; teacher has none"):
        shortened(VALUES, 2)


def test_choosing_variants() -> None:
    rows = variants_of("beta", small("distiliqa"))
    assert [row.name for row in chosen(rows, ["beta 0.5"])] == ["beta 0.5"]
    assert chosen(rows, None) == rows
    with pytest.raises(UsageError, match="got beta 7"):
        chosen(rows, ["beta 7"])


@pytest.fixture(scope="module")
def betas() -> list[Variant]:
    return [
        Variant(f"beta {b:g}", overlaid(VALUES, {"student.distil_weight": b}), f"beta-{b:g}")
        for b in (0.0, 1.0)
    ]


def test_variants_are_trained_kept_and_share_their_teacher(
    prepared: Prepared, tmp_path: Path, betas: list[Variant], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = run_variants(betas, prepared.out, tmp_path, seeds=2)
    assert [(row.variant, row.seeds) for row in rows] == [("beta 0", 2), ("beta 1", 2)]
    assert all(row.spread is not None and row.teacher_overall is not None for row in rows)
    assert len(list(tmp_path.glob("teacher-*"))) == 2, "one teacher a seed"

    def never(*_: object) -> None:
        raise AssertionError("it was there already")

    monkeypatch.setattr(ablation, "_trained", never)
    assert run_variants(betas, prepared.out, tmp_path, seeds=2) == rows


def test_a_result_of_another_recipe_is_not_taken(
    prepared: Prepared, tmp_path: Path, betas: list[Variant]
) -> None:
    file = tmp_path / "beta-0" / "seed-0" / ablation.RESULT
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"recipe": {}, "data": "", "split": "test", "result": {}}))
    with pytest.raises(DataError, match="is of another recipe or other data"):
        run_variants(betas[:1], prepared.out, tmp_path)


def test_seeds_differ_and_the_first_is_the_recipes_own() -> None:
    recipe = recipe_from(VALUES)
    assert with_seed(recipe, 0) == recipe
    assert with_seed(recipe, 1).teacher.seed != recipe.teacher.seed
    assert with_seed(recipe, 1).student.seed != recipe.student.seed


def result(variant: str, seed: int, overall: float) -> Result:
    figures = dict.fromkeys(ablation.NAMES, 0.5) | {"overall": overall}
    clipped = figures | {"overall": overall + 0.013}
    return Result(variant, seed, figures, clipped, (overall - 0.1, overall + 0.1), None, 1.5)


def test_rows_are_means_over_seeds() -> None:
    (row,) = rows_of([result("4 blocks", 0, 2.0), result("4 blocks", 1, 2.2)])
    assert row.figures["overall"] == pytest.approx(2.1)
    assert row.clipped["overall"] == pytest.approx(2.113)
    assert row.spread == pytest.approx(0.2 / 2**0.5)
    assert row.interval == pytest.approx((2.0, 2.2))


@pytest.fixture
def rows() -> list[Row]:
    return rows_of([result("4 blocks", 0, 2.0), result("own", 0, 1.5)])


def test_published_figures_stand_in_their_own_column(rows: list[Row]) -> None:
    text = table_markdown(rows, published("blocks"), {"command": "ctiqa ablate blocks"})
    lines = text.splitlines()
    assert lines[0].endswith("teacher | published* |")
    assert lines[2].startswith("| 4 blocks | 2.000 (1.900-2.100) |")
    assert "MSE | overall, clipped | teacher" in lines[0]
    assert "| 0.500 | 2.013 |  | 2.8070 |" in lines[2]
    assert lines[2].endswith("| 2.8070 |")
    assert lines[3].endswith("|  |")
    assert "not to be compared" in text
    assert "ctiqa ablate blocks" in text


def test_tables_are_written(rows: list[Row], tmp_path: Path) -> None:
    files = write_tables(rows, published("blocks"), tmp_path, "blocks", {"date": "2026-01-01"})
    assert [file.suffix for file in files] == [".csv", ".json", ".md", ".png"]
    with files[0].open() as stream:
        table = list(csv.DictReader(stream))
    assert [row["variant"] for row in table] == ["4 blocks", "own"]
    assert float(table[0]["overall"]) == 2.0
    assert float(table[0]["overall_clipped"]) == 2.013
    assert json.loads(files[1].read_text())["date"] == "2026-01-01"
    assert files[3].read_bytes().startswith(b"\x89PNG")


def test_published_rows_add_up() -> None:
    """Overall is the sum of the three correlations, where all are published."""
    for row in PUBLISHED:
        if len(row.figures) >= 3:
            assert row.overall == pytest.approx(sum(row.figures[:3]), abs=1.1e-2), row
    assert max(row.overall for row in published("blocks").values()) == 2.8070
    assert published("beta")["beta 0"].overall == 2.3926


def test_official_and_internal_splits_are_never_one_table() -> None:
    for table in {row.table for row in PUBLISHED}:
        assert len({row.measured_on for row in PUBLISHED if row.table == table}) == 1
