from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared

from ctiqa.errors import DataError, UsageError
from ctiqa.evaluate.ablation import study as ablation
from ctiqa.evaluate.ablation.published import (
    PUBLISHED_MEASURES,
    parse_published,
    published,
    published_beside,
    published_rows,
)
from ctiqa.evaluate.ablation.study import Row, VariantResult, rows_of, run_variants, with_seed
from ctiqa.evaluate.ablation.tables import table_markdown, write_tables
from ctiqa.evaluate.ablation.variants import (
    BETAS,
    BLOCKS,
    Variant,
    chosen,
    on_given_data,
    shortened,
    variants_of,
)
from ctiqa.recipe import TfktNetwork, overlaid, read_values, recipe_from

RECIPES = Path(__file__).parents[3] / "recipes"

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
        ("members", "tfkt", "must have 'members' > 0"),
        ("tfkt", "shen2025", r"must be 'tfkt', with a \[pretrain\] table"),
        ("colour", "tfkt", "'ablation' must be one of blocks, members"),
    ],
)
def test_what_cannot_be_varied(kind: str, system: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        variants_of(kind, small(system))


def test_tfkt_varies_its_phases_and_shares_the_features() -> None:
    rows = variants_of("tfkt", read_values(RECIPES / "tfkt.toml"))
    assert [row.name for row in rows] == ["TFKT", "TFKT, features frozen", "TFKT without phase 1"]
    whole, frozen, alone = (recipe_from(row.values) for row in rows)
    assert whole == recipe_from(read_values(RECIPES / "tfkt.toml"))
    assert isinstance(whole.network, TfktNetwork)
    assert frozen == replace(whole, network=replace(whole.network, freeze_features=True))
    assert alone == replace(whole, pretrain=None)
    assert ablation._shared_name(whole) == ablation._shared_name(frozen)
    assert ablation._shared_name(whole) != ablation._shared_name(alone)
    for setting in ("A", "B", None):
        theirs = published_beside("tfkt", setting)
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


def test_all_variants_are_checked_before_the_first_is_trained(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("trained before all were checked")

    monkeypatch.setattr(ablation, "_trained", never)
    rows = variants_of("members", VALUES)
    with pytest.raises(DataError, match="choose the others with --only NAME") as caught:
        run_variants(rows, prepared.out, tmp_path)
    listed = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in listed] == [
        "3 members",
        "4 members",
        "5 members",
    ]
    assert all("it has 2 folds" in line for line in listed)
    assert not list(tmp_path.iterdir())


def test_members_that_hold_out_the_same_fold_need_no_other(
    prepared: Prepared, tmp_path: Path
) -> None:
    values = overlaid(VALUES, {"teacher.hold_out": "first-fold"})
    (three,) = chosen(variants_of("members", values), ["3 members"])
    (row,) = run_variants([three], prepared.out, tmp_path)
    assert row.variant == "3 members"
    assert row.teacher_overall is not None


def as_published_data(prepared: Prepared, folder: Path, *, tested: bool) -> tuple[Path, Path]:
    """The data set as if of a source with modes, twice, the second prepared as published.

    Its folds are labelled otherwise, and its test patients are trained on unless ``tested``.
    """
    for mode in ("corrected", "as-published"):
        shutil.copytree(prepared.out, folder / mode)
        file = folder / mode / "manifest.json"
        header = json.loads(file.read_text())
        header["recipe"] = {"source": "cccid", "mode": mode, "folds": DATA.folds}
        header["content_sha256"] = mode
        file.write_text(json.dumps(header))
    if not tested:
        file = folder / "as-published" / "manifest.parquet"
        table = pl.read_parquet(file)
        first = table.filter(split="test")["patient"].unique().sort()[0]
        moved = pl.col("patient") == first
        table.with_columns(
            split=pl.when(moved).then(pl.lit("train")).otherwise("split"),
            fold=pl.when(moved).then(pl.lit(0)).otherwise("fold"),
        ).write_parquet(file)
    return folder / "corrected", folder / "as-published"


PUBLISHED_DATA = Variant(
    "data",
    overlaid(VALUES, {"data": {"source": "cccid", "mode": "as-published"}}),
    "data",
    published_data=True,
)


@pytest.mark.parametrize("tested", [True, False])
def test_a_variant_on_data_as_published_is_measured_on_the_same_examples(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tested: bool
) -> None:
    seen: list[tuple[str, Path, tuple[str, ...]]] = []

    def trained(study: Any, variant: Variant, recipe: Any, folder: Path) -> tuple[Any, None]:
        run = ablation._opened(study, variant, recipe, folder)
        folder.mkdir(parents=True)
        seen.append((variant.name, run.examples.folder, study.labelled.ids))
        return study.labelled.label, None

    monkeypatch.setattr(ablation, "_trained", trained)
    data, published_data = as_published_data(prepared, tmp_path, tested=tested)
    corrected = Variant("corrected", overlaid(VALUES, {"data": {"source": "cccid"}}), "corrected")
    said: list[str] = []
    run_variants(
        [corrected, PUBLISHED_DATA],
        data,
        tmp_path / "out",
        published_data=published_data,
        log=said.append,
    )
    assert [(name, folder) for name, folder, _ in seen] == [
        ("corrected", data),
        ("data", published_data),
    ]
    assert seen[0][2] == seen[1][2]
    left_out = [line for line in said if line.startswith("measured without patients")]
    assert len(left_out) == (0 if tested else 1), "a patient trained on is measured by none"
    mark = json.loads((tmp_path / "out" / "data" / "seed-0" / ablation.RESULT).read_text())
    assert (mark["data"], mark["trained_on"]) == ("corrected", "as-published")


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


def result(variant: str, seed: int, overall: float) -> VariantResult:
    figures = dict.fromkeys(ablation.MEASURED, 0.5) | {"overall": overall}
    clipped = figures | {"overall": overall + 0.013}
    return VariantResult(variant, seed, figures, clipped, (overall - 0.1, overall + 0.1), None, 1.5)


def test_rows_are_means_over_seeds() -> None:
    (row,) = rows_of([result("4 blocks", 0, 2.0), result("4 blocks", 1, 2.2)])
    assert row.figures["overall"] == pytest.approx(2.1)
    assert row.clipped["overall"] == pytest.approx(2.113)
    assert row.spread == pytest.approx(0.2 / 2**0.5)
    assert row.interval == pytest.approx((2.0, 2.2))


@pytest.fixture
def rows() -> list[Row]:
    return rows_of([result("4 blocks", 0, 2.0), result("own", 0, 1.5)])


def test_published_figures_stand_in_their_own_table(rows: list[Row]) -> None:
    text = table_markdown(rows, published("blocks"), {"command": "ctiqa ablate blocks"})
    measured, below = text.split("Published, not to be compared with the table above: ")
    lines = measured.splitlines()
    assert lines[0].endswith("MSE | overall, clipped | teacher |")
    assert lines[2].startswith("| 4 blocks | 2.000 (1.900-2.100) |")
    assert lines[2].endswith("| 0.500 | 2.013 |  |")
    assert "2.8070" not in measured
    source, _, head, _, row, *rest = below.splitlines()
    assert "Shen" in source
    assert "2 test patients of CCCIDB" in source
    assert head == "| | overall | PLCC | SROCC | KROCC | MAE | MSE |"
    assert row == "| 4 blocks | 2.8070 | 0.9916 | 0.9683 | 0.8471 | 0.0259 | 0.0010 |"
    assert "own" not in "".join(rest)
    assert "ctiqa ablate blocks" in text


def test_without_published_rows_there_is_no_second_table(rows: list[Row]) -> None:
    assert "ublished" not in table_markdown(rows, {}, {})


def test_published_rows_keep_the_order_of_the_measured_ones() -> None:
    rows = rows_of([result(name, 0, 2.0) for name in ("beta 1", "beta 0")])
    text = table_markdown(rows, published("beta"), {})
    assert text.index("| 2.6699 |") < text.index("| 2.3926 |")


def test_tables_are_written(rows: list[Row], tmp_path: Path) -> None:
    files = write_tables(rows, published("blocks"), tmp_path, "blocks", {"date": "2026-01-01"})
    assert [file.suffix for file in files] == [".csv", ".json", ".md", ".png"]
    with files[0].open() as stream:
        table = list(csv.DictReader(stream))
    assert [row["variant"] for row in table] == ["4 blocks", "own"]
    assert float(table[0]["overall"]) == 2.0
    assert float(table[0]["overall_clipped"]) == 2.013
    theirs = published("blocks")["4 blocks"].measures
    assert {name: float(table[0][f"published_{name}"]) for name in PUBLISHED_MEASURES} == theirs
    assert {table[1][f"published_{name}"] for name in PUBLISHED_MEASURES} == {""}
    stored = json.loads(files[1].read_text())
    assert stored["date"] == "2026-01-01"
    (only,) = stored["published"]
    assert {name: only[name] for name in PUBLISHED_MEASURES} == theirs
    assert (only["variant"], "CCCIDB" in only["measured_on"]) == ("4 blocks", True)
    assert files[3].read_bytes().startswith(b"\x89PNG")


def test_published_rows_add_up() -> None:
    """Overall is the sum of the three correlations, all four rounded to four places."""
    whole = [row for row in published_rows() if row.figures]
    for row in whole:
        assert row.overall == pytest.approx(sum(row.figures[:3]), abs=2.01e-4), row
    assert len(whole) == 36
    assert {len(row.figures) for row in whole} == {3, 5}


def test_no_published_mean_square_is_less_than_the_square_of_the_mean() -> None:
    """Which no errors can have; it also tells the two columns apart."""
    rows = [row for row in published_rows() if len(row.figures) == 5]
    assert {row.table for row in rows} == {"blocks", "members", "beta", "networks"}
    assert all(row.measures["mae"] ** 2 < row.measures["mse"] + 1e-4 for row in rows)


def test_the_method_of_shen_is_the_same_row_of_all_four_tables() -> None:
    names = {"blocks": "4 blocks", "members": "4 members", "beta": "beta 0.75"}
    found = [published(table)[name].measures for table, name in names.items()]
    assert found == [published("networks")["this method"].measures] * 3
    for table in names:
        rows = published(table).values()
        assert max(row.overall for row in rows) == 2.8070
        assert all(len(row.measures) == 6 for row in rows)


def test_official_and_internal_splits_are_never_one_table() -> None:
    for table in {row.table for row in published_rows()}:
        assert len({row.measured_on for row in published_rows() if row.table == table}) == 1


TABLE = '[[table]]\nname = "t"\nmeasured_on = "m"\nsource = "s"\n[table.rows]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE + "a = [2.7, 0.9]", r"row 'a' of table 't': must hold 1, 4 or 6 numbers, got \[2.7"),
        (TABLE + "a = [nan]", "must hold 1, 4 or 6 numbers"),
        (TABLE + "a = ['2.7']", "must hold 1, 4 or 6 numbers"),
        (TABLE + "a = [2.6, 0.9, 0.9, 0.9]", "overall must be the sum of PLCC, SROCC and KROCC"),
        (TABLE + "a = [2.7]\n" + TABLE + "a = [2.6]", r"given once, got \[\('t', 'a'\)\]"),
        (TABLE + "a = []", "'rows' in every"),
        (TABLE + "a = 2.7", "'rows' in every"),
        (TABLE.replace("name", "title") + "a = [2.7]", "'name'"),
        ("table = 1", "must be TOML with 'name'"),
        ("[[table", "must be TOML with 'name'"),
    ],
)
def test_published_tables_are_checked(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_published(text)
