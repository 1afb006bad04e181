from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.data.scored_sets import files_of, lines_of, photograph, write_csv, write_kadid

from ctiqa.data.manifest import Examples, read_examples
from ctiqa.data.prepare import plan, prepare
from ctiqa.errors import DataError
from ctiqa.recipe import Kadid10kData, read_recipe

RECIPE = Kadid10kData(folds=2, test_share=0.2, validation_share=0.2)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kadid") / "root"
    write_kadid(folder)
    return folder


@pytest.fixture(scope="module")
def examples(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    out = tmp_path_factory.mktemp("out")
    prepare(root, out, RECIPE)
    return read_examples(out)


def test_the_recipe_of_the_repository() -> None:
    file = Path(__file__).parents[3] / "recipes" / "kadid10k.toml"
    assert read_recipe(file).data == Kadid10kData()


def test_pixels_and_scores_are_those_of_the_table(root: Path, examples: Examples) -> None:
    assert examples.natural
    with (root / "dmos.csv").open() as stream:
        table = {row["dist_img"]: row for row in csv.DictReader(stream)}
    assert len(examples) == len(table) == 10
    images = examples.images()
    for number, row in enumerate(examples.table.iter_rows(named=True)):
        there = table[row["file"]]
        assert (row["label"], row["label_spread"]) == (float(there["dmos"]), float(there["var"]))
        stored = np.asarray(Image.open(root / "images" / row["file"]))
        np.testing.assert_array_equal(images[number], stored)
    assert set(examples.column("label_scale").tolist()) == {"1-5"}


def test_versions_of_a_reference_stay_together(examples: Examples) -> None:
    names = [Path(f).stem.split("_")[0] + ".png" for f in examples.column("file").tolist()]
    assert examples.column("patient").tolist() == names
    splits = examples.table.group_by("patient").n_unique()
    assert splits["split"].max() == splits["fold"].max() == 1
    assert set(examples.column("split").tolist()) == {"train", "validation", "test"}


def test_a_second_run_writes_nothing(root: Path, examples: Examples) -> None:
    before = files_of(examples.folder)
    prepare(root, examples.folder, RECIPE)
    assert files_of(examples.folder) == before


def test_any_other_table(tmp_path: Path) -> None:
    rows = []
    for number in range(5):
        Image.fromarray(photograph(number)).save(tmp_path / f"{number}.png")
        rows.append((f"{number}.png", 10 * number))
    write_csv(tmp_path / "mine.csv", ("image", "mos"), rows)
    mine = replace(
        RECIPE,
        table="mine.csv",
        image_column="image",
        score_column="mos",
        spread_column="",
        reference_column="",
        score_range=(0.0, 100.0),
    )
    prepare(tmp_path, tmp_path / "out", mine)
    made = read_examples(tmp_path / "out")
    assert sorted(made.column("label").tolist()) == [0, 10, 20, 30, 40]
    assert "label_spread" not in made.table.columns


def test_every_problem_is_listed_with_file_and_line(tmp_path: Path) -> None:
    root = tmp_path / "root"
    rows = write_kadid(root)
    (root / "images" / rows[0][0]).unlink()
    (root / "images" / rows[1][0]).write_bytes(b"\x89PNG broken")
    rows[2][2] = "5.5"
    rows[3][2] = "?"
    rows[4] = rows[5]
    Image.fromarray(photograph(0)).save(root / "images" / "I99_01_01.png")
    write_csv(root / "dmos.csv", ("dist_img", "ref_img", "dmos", "var"), rows)
    with pytest.raises(DataError) as caught:
        plan(root, RECIPE)
    said = lines_of(str(caught.value))
    for wanted in (
        "dmos.csv:2: no file I01_01_01.png",
        "dmos.csv:3: I01_01_02.png cannot be read",
        "dmos.csv:4: 'dmos' must be a number in 1…5, got '5.5'",
        "dmos.csv:5: 'dmos' must be a number in 1…5, got '?'",
        "dmos.csv:7: I03_01_02.png already occurs in dmos.csv:6",
        "I99_01_01.png: is not in dmos.csv",
    ):
        assert any(line.startswith(wanted) for line in said), (wanted, said)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (("dist_img", "ref_img", "dmos"), "lacks the column 'var'"),
        (("dist_img", "ref_img", "dmos", "var", "notes"), "has the extra column 'notes'"),
        (("dist_img", "ref_img", "dmos", "dmos"), "has the column 'dmos' 2 times"),
    ],
)
def test_wrong_columns(tmp_path: Path, columns: tuple[str, ...], said: str) -> None:
    write_kadid(tmp_path / "root")
    write_csv(tmp_path / "root" / "dmos.csv", columns, [["1"] * len(columns)])
    with pytest.raises(DataError, match=said):
        plan(tmp_path / "root", RECIPE)


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"dmos\.csv' must be a readable CSV file"):
        plan(tmp_path, RECIPE)
