from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared
from tests.evaluate.ablation.tiny_study import VALUES

from ctiqa.errors import DataError
from ctiqa.evaluate.ablation import study
from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS
from ctiqa.evaluate.ablation.results import RESULT
from ctiqa.evaluate.ablation.study import run_variants, with_seed
from ctiqa.evaluate.ablation.training import StudySetup, open_variant
from ctiqa.evaluate.ablation.variants import Variant, chosen, variants_of
from ctiqa.evaluate.dataset import open_labelled
from ctiqa.evaluate.evaluation import Options, evaluate
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.predictors.predictor import Images, Predictor
from ctiqa.recipe import Recipe, overlaid, recipe_from


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
    assert len(list(tmp_path.glob("teacher-*"))) == 2, "one teacher per seed"
    folder = tmp_path / "beta-1" / "seed-1"
    stored = json.loads((folder / RESULT).read_text())["result"]
    labelled = open_labelled(prepared.out)
    (network,) = open_predictors([str(folder)], [], labelled, threads=1, device="cpu")
    (model,) = evaluate([network], labelled, Options()).models
    assert stored["metrics"] == {name: model.given[name].value for name in PUBLISHED_METRICS}
    assert stored["clipped"] == {name: model.clipped[name].value for name in PUBLISHED_METRICS}

    def never(*_: object) -> None:
        raise AssertionError("it was there already")

    monkeypatch.setattr(study, "train_variant", never)
    assert run_variants(betas, prepared.out, tmp_path, seeds=2) == rows


def test_all_variants_are_checked_before_the_first_is_trained(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("trained before all were checked")

    monkeypatch.setattr(study, "train_variant", never)
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
    seen: list[tuple[str, Path]] = []
    slices: list[int] = []

    def trained(
        setup: StudySetup, variant: Variant, recipe: Recipe, folder: Path
    ) -> tuple[Predictor, None]:
        run = open_variant(setup, variant, recipe, folder)
        folder.mkdir(parents=True)
        seen.append((variant.name, run.examples.folder))
        return Predictor(variant.name, "run", {}, estimate=estimate), None

    def estimate(hu: Images) -> Images:
        slices.append(len(hu))
        return np.asarray(hu.mean(axis=(1, 2))[:, np.newaxis], dtype=np.float32)

    monkeypatch.setattr(study, "train_variant", trained)
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
    assert seen == [("corrected", data), ("data", published_data)]
    first, last = slices[: len(slices) // 2], slices[len(slices) // 2 :]
    assert first == last, "both are measured on the same examples"
    left_out = [line for line in said if line.startswith("measured without patients")]
    assert len(left_out) == (0 if tested else 1), "a patient trained on is measured by none"
    mark = json.loads((tmp_path / "out" / "data" / "seed-0" / RESULT).read_text())
    assert (mark["data"], mark["trained_on"]) == ("corrected", "as-published")


def test_a_result_of_another_recipe_is_not_taken(
    prepared: Prepared, tmp_path: Path, betas: list[Variant]
) -> None:
    file = tmp_path / "beta-0" / "seed-0" / RESULT
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"recipe": {}, "data": "", "split": "test", "result": {}}))
    with pytest.raises(DataError, match="belongs to another recipe or other data"):
        run_variants(betas[:1], prepared.out, tmp_path)


def test_seeds_differ_and_the_first_is_the_recipes_own() -> None:
    recipe = recipe_from(VALUES | {"fine_tune": {"steps": 3, "seed": 5}})
    assert with_seed(recipe, 0) == recipe
    other = with_seed(recipe, 1)
    assert other.teacher.seed != recipe.teacher.seed
    assert other.student.seed != recipe.student.seed
    assert recipe.fine_tune is not None
    assert other.fine_tune is not None
    assert other.fine_tune.seed != recipe.fine_tune.seed


def test_another_seed_trains_the_student_of_another_run_further() -> None:
    values = {key: value for key, value in VALUES.items() if key != "student"}
    recipe = recipe_from(values | {"fine_tune": {"from_run": "first", "seed": 5}})
    other = with_seed(recipe, 2)
    assert other.student == recipe.student
    assert other.fine_tune is not None
    assert (other.fine_tune.seed, other.fine_tune.from_run) == (2005, "first")
