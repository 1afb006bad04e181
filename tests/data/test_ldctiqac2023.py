from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.scored_sets import body, files_of, lines_of, write_challenge, write_tif

from ctiqa.data.manifest import Examples, read_examples
from ctiqa.data.prepare import plan, prepare
from ctiqa.errors import DataError
from ctiqa.recipe import Ldctiqac2023Data, read_recipe

RECIPE = Ldctiqac2023Data(folds=2, validation_share=0.2)


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


def test_the_recipe_of_the_repository() -> None:
    file = Path(__file__).parents[2] / "recipes" / "ldctiqac2023.toml"
    assert read_recipe(file).data == Ldctiqac2023Data()


def test_pixels_are_hu_and_scores_are_the_radiologists(root: Path, examples: Examples) -> None:
    first = examples.where(file="image/0000.tif")
    clipped = np.clip(body(0), -1000, 400)
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


def test_the_official_test_is_the_test(examples: Examples) -> None:
    test = examples.where(split="test")
    assert sorted(test.column("file").tolist()) == ["images/test000.tiff", "images/test001.tiff"]
    assert set(test.column("published_split").tolist()) == {"test"}


def test_without_the_official_test_some_clusters_are_kept_aside(tmp_path: Path) -> None:
    write_challenge(tmp_path / "root", train=10, test=0)
    prepare(tmp_path / "root", tmp_path / "out", replace(RECIPE, test_share=0.2))
    assert len(read_examples(tmp_path / "out").where(split="test")) == 2


def test_as_published_folds_tear_bodies_apart(root: Path, tmp_path: Path) -> None:
    prepare(root, tmp_path, replace(RECIPE, mode="as-published"))
    made = read_examples(tmp_path).where(published_split="train").table
    folds = made.group_by("patient").agg(n=made["published_fold"].n_unique())
    torn = made.group_by("patient").n_unique()
    assert folds.height == torn.height == 5
    assert torn["published_fold"].max() == 2
    assert set(made["split"]) == {"train"}, "a fold of images validates, and not some patients"


def test_as_published_a_fold_leaves_what_is_tested_out(tmp_path: Path) -> None:
    write_challenge(tmp_path / "root", train=10, test=0)
    prepare(tmp_path / "root", tmp_path / "out", replace(RECIPE, mode="as-published", folds=4))
    table = read_examples(tmp_path / "out").table
    assert set(table.filter(split="test")["published_fold"]) == {-1}
    folds = table.filter(split="train")["published_fold"].to_list()
    assert sorted(folds) == sorted(k % 4 for k in range(len(folds)))


def test_a_second_run_writes_nothing(root: Path, examples: Examples) -> None:
    before = files_of(examples.folder)
    prepare(root, examples.folder, RECIPE)
    assert files_of(examples.folder) == before


def test_every_problem_is_listed_with_file_and_line(tmp_path: Path) -> None:
    write_challenge(tmp_path, test=0)
    folder = tmp_path / "LDCTIQAG2023_train"
    (folder / "image" / "0001.tif").unlink()
    (folder / "image" / "0002.tif").write_bytes(b"II*\0broken")
    write_tif(folder / "image" / "0099.tif", body(3))
    scores = json.loads(train_json(tmp_path).read_text())
    scores |= {"0003": 4.5, "0004": "good"}
    text = json.dumps(scores, indent=4).rstrip("}\n") + ',\n    "0005": 1\n}'
    train_json(tmp_path).write_text(text)
    with pytest.raises(DataError) as caught:
        plan(tmp_path, RECIPE)
    said = lines_of(str(caught.value))
    for wanted in (
        "train.json:3: no image 0001",
        "train.json:4: 0002.tif",
        "train.json:5: the score of 0003 must be a number in 0…4, got 4.5",
        "train.json:6: the score of 0004 must be a number in 0…4, got 'good'",
        "train.json:8: 0005 is there already in train.json:7",
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
        plan(tmp_path, RECIPE)


def test_a_root_without_the_challenge(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.json: must be there once below the root, got 0"):
        plan(tmp_path, RECIPE)
