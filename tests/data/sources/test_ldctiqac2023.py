from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from tests.data.scored_sets import anatomy, files_of, lines_of, write_challenge, write_tif

from ctiqa.data.manifest import Examples, read_examples, write_manifest
from ctiqa.data.prepare import plan, prepare
from ctiqa.errors import DataError, UsageError
from ctiqa.evaluate.label_audit.audit import audit
from ctiqa.recipe import Ldctiqac2023Data, read_recipe
from ctiqa.recipe.data import Mode

RECIPE = Ldctiqac2023Data(folds=2, validation_share=0.2, setting="B")

ALONE = replace(RECIPE, setting="A")
"""The training part alone."""

RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("challenge")
    write_challenge(folder, train=10)
    return folder


@pytest.fixture(scope="module")
def examples(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    out = tmp_path_factory.mktemp("out")
    prepare(root, out, RECIPE)
    return read_examples(out)


def train_json(root: Path) -> Path:
    return root / "LDCTIQAG2023_train" / "train.json"


def test_the_recipes_of_the_repository() -> None:
    assert read_recipe(RECIPES / "ldctiqac2023.toml").data == Ldctiqac2023Data()
    assert read_recipe(RECIPES / "tfkt.toml").data == Ldctiqac2023Data()
    official = Ldctiqac2023Data(setting="B", validation_share=0.2)
    assert read_recipe(RECIPES / "ldctiqac2023-official.toml").data == official


def test_pixels_are_hu_and_scores_are_the_radiologists(root: Path, examples: Examples) -> None:
    first = examples.where(file="image/0000.tif")
    clipped = np.clip(anatomy(0), -1000, 400)
    assert np.abs(first.images()[0].astype(np.float64) - clipped).max() <= 0.5 + 1e-3
    scores = json.loads(train_json(root).read_text())
    for row in examples.where(published_split="train").table.iter_rows(named=True):
        assert row["label"] == row["raw"] == scores[Path(row["file"]).stem]


def test_licence_travels_along(examples: Examples) -> None:
    assert set(examples.column("licence").tolist()) == {"CC BY-NC-SA 4.0"}


def test_two_slices_of_one_body_are_one_patient(examples: Examples) -> None:
    patient = {
        Path(r["file"]).stem: r["patient"]
        for r in examples.where(published_split="train").table.iter_rows(named=True)
    }
    for number in range(0, 10, 2):
        assert patient[f"{number:04d}"] == patient[f"{number + 1:04d}"]
    assert len(set(patient.values())) == 5


def files(examples: Examples) -> list[str]:
    return sorted(str(name) for name in examples.column("file"))


def patients(examples: Examples) -> set[str]:
    return set(examples.column("patient").tolist())


def no_patient_is_on_two_sides(made: Examples) -> bool:
    sides = [patients(made.where(split=name)) for name in ("train", "validation", "test")]
    return all(sides) and sum(map(len, sides)) == len(patients(made))


OFFICIAL = ["images/test000.tiff", "images/test001.tiff"]


def test_the_official_test_is_the_test(examples: Examples) -> None:
    test = examples.where(split="test")
    assert files(test) == OFFICIAL
    assert set(test.column("published_split").tolist()) == {"test"}
    counts = [len(examples.where(split=name)) for name in ("train", "validation")]
    assert counts == [8, 2], "a fifth of five patients, two slices each"
    assert no_patient_is_on_two_sides(examples)


@pytest.mark.parametrize("official", [0, 2])
def test_the_training_part_alone_keeps_clusters_aside(tmp_path: Path, official: int) -> None:
    """With or without an official test part, even a damaged one."""
    write_challenge(tmp_path / "root", train=10, test=official)
    if official:
        (tmp_path / "root" / "LDCTIQAG2023_test" / "test.json").write_text("{")
    prepare(tmp_path / "root", tmp_path / "out", ALONE)
    made = read_examples(tmp_path / "out")
    counts = [len(made.where(split=name)) for name in ("train", "validation", "test")]
    assert counts == [6, 2, 2]
    assert set(made.column("published_split").tolist()) == {"train"}
    assert no_patient_is_on_two_sides(made)


@pytest.mark.parametrize("mode", ["corrected", "as-published"])
def test_an_official_test_that_is_not_there_is_no_test(tmp_path: Path, mode: Mode) -> None:
    write_challenge(tmp_path, test=0)
    wanted = (
        r"test\.json: must be there once .*, got 0; put LDCTIQAG2023_test .*'data.setting' to 'A'"
    )
    with pytest.raises(DataError, match=wanted):
        plan(tmp_path, replace(RECIPE, mode=mode))


@pytest.mark.parametrize(("mode", "setting"), [("as-published", "A"), ("corrected", "B")])
def test_nobody_is_added_to_a_published_test(mode: Mode, setting: Literal["A", "B"]) -> None:
    with pytest.raises(UsageError, match="test_patients must be empty, unless setting A is corr"):
        Ldctiqac2023Data(mode=mode, setting=setting, test_patients=("p0001",))
    assert Ldctiqac2023Data(test_patients=("p0001",)).test_patients == ("p0001",)


def test_as_published_folds_split_patients(root: Path, tmp_path: Path) -> None:
    prepare(root, tmp_path, replace(RECIPE, mode="as-published"))
    made = read_examples(tmp_path).where(published_split="train").table
    folds = made.group_by("patient").agg(n=made["published_fold"].n_unique())
    torn = made.group_by("patient").n_unique()
    assert folds.height == torn.height == 5
    assert torn["published_fold"].max() == 2
    assert set(made["split"]) == {"train"}, "a fold of images validates, and not some patients"
    assert files(read_examples(tmp_path).where(split="test")) == OFFICIAL


@pytest.fixture(scope="module")
def drawn(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """Setting A as published: two of ten images are the first of five folds, and the test."""
    out = tmp_path_factory.mktemp("drawn")
    prepare(root, out, replace(ALONE, mode="as-published", folds=5))
    return read_examples(out)


def test_as_published_what_validates_is_the_test(drawn: Examples) -> None:
    train, test = drawn.where(split="train"), drawn.where(split="test")
    assert sorted(train.column("published_fold").tolist()) == sorted(k % 5 for k in range(10))
    assert set(test.column("published_fold").tolist()) == {-1}
    validating = train.with_published_folds().where(fold=0)
    assert len(drawn) == 12
    assert drawn.table["id"].n_unique() == 12
    assert files(test) == files(validating)
    assert len(set(files(test))) == 2
    for name in files(test):
        one, other = (part.where(file=name) for part in (validating, test))
        assert np.array_equal(one.images()[0], other.images()[0])
        assert one.column("label") == other.column("label")


def test_the_leak_of_a_test_that_validates_is_in_the_audit(drawn: Examples) -> None:
    tested = patients(drawn.where(split="test"))
    assert tested <= patients(drawn.where(split="train"))
    assert audit(drawn).leaks == {"split": tuple(sorted(tested)), "fold": ()}


def test_a_leak_that_nobody_published_is_refused(drawn: Examples, tmp_path: Path) -> None:
    records = drawn.table.to_dicts()
    with pytest.raises(DataError, match="is in more than one split or fold"):
        write_manifest(tmp_path, replace(ALONE, folds=5), records)
    torn = [{**each, "fold": k % 2} for k, each in enumerate(records)]
    with pytest.raises(DataError, match="is in more than one split or fold"):
        write_manifest(tmp_path, replace(ALONE, mode="as-published", folds=5), torn)


@pytest.mark.parametrize(
    ("setting", "mode"), [("B", "corrected"), ("A", "corrected"), ("A", "as-published")]
)
def test_a_second_run_writes_nothing(
    root: Path, tmp_path: Path, setting: Literal["A", "B"], mode: Mode
) -> None:
    recipe = replace(RECIPE, setting=setting, mode=mode)
    prepare(root, tmp_path, recipe)
    before = files_of(tmp_path)
    prepare(root, tmp_path, recipe)
    assert files_of(tmp_path) == before


def test_every_problem_is_listed_with_file_and_line(tmp_path: Path) -> None:
    write_challenge(tmp_path, test=0)
    folder = tmp_path / "LDCTIQAG2023_train"
    (folder / "image" / "0001.tif").unlink()
    (folder / "image" / "0002.tif").write_bytes(b"II*\0broken")
    write_tif(folder / "image" / "0099.tif", anatomy(3))
    scores = json.loads(train_json(tmp_path).read_text())
    scores |= {"0003": 4.5, "0004": "good"}
    text = json.dumps(scores, indent=4).rstrip("}\n") + ',\n    "0005": 1\n}'
    train_json(tmp_path).write_text(text)
    with pytest.raises(DataError) as caught:
        plan(tmp_path, ALONE)
    said = lines_of(str(caught.value))
    for wanted in (
        "train.json:3: no image 0001",
        "train.json:4: 0002.tif",
        "train.json:5: the score of 0003 must be a number in 0…4, got 4.5",
        "train.json:6: the score of 0004 must be a number in 0…4, got 'good'",
        "train.json:8: 0005 already occurs in train.json:7",
        "image/0099.tif: is not in train.json",
    ):
        assert any(line.startswith(wanted) for line in said), (wanted, said)


@pytest.mark.parametrize(
    ("content", "said"),
    [("[1]", "must be a JSON object"), ("{", "must be a readable JSON object")],
)
def test_a_table_that_is_none(tmp_path: Path, content: str, said: str) -> None:
    write_challenge(tmp_path, test=0)
    train_json(tmp_path).write_text(content)
    with pytest.raises(DataError, match=said):
        plan(tmp_path, ALONE)


def test_a_root_without_the_challenge(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.json: must be there once below the root, got 0"):
        plan(tmp_path, ALONE)
