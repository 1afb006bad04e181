from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.scored_sets import EXAMPLE, anatomy, files_of, lines_of, real_slices, write_csv
from tests.io.make import uid, write_ct

from ctiqa.data.manifest import Examples, read_examples
from ctiqa.data.prepare import plan, prepare
from ctiqa.errors import DataError
from ctiqa.recipe import FolderData, read_recipe

RECIPE = FolderData(folds=2, test_share=0.25, validation_share=0.25)

PATIENTS = ("a", "b", "c", "d")


def write_patient(root: Path, name: str, seed: int) -> str:
    file = write_ct(
        root / name / "1.dcm",
        np.rint(anatomy(seed)).astype(np.int16),
        series=name,
        PixelSpacing=[0.7, 0.7],
        FrameOfReferenceUID=uid(name),
    )
    return file.relative_to(root).as_posix()


def write_folder(root: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    for seed, name in enumerate(PATIENTS):
        write_patient(root, name, seed)
    write_csv(root / "labels.csv", columns, rows)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two readers of four patients' slices."""
    folder = tmp_path_factory.mktemp("own")
    rows = [
        (f"{p}/1.dcm", score + k / 2, p, f"reader {k}")
        for k in (0, 1)
        for score, p in enumerate(PATIENTS)
    ]
    write_folder(folder, ("path", "score", "patient", "reader"), rows)
    return folder


@pytest.fixture(scope="module")
def examples(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    out = tmp_path_factory.mktemp("out")
    prepare(root, out, RECIPE)
    return read_examples(out)


@pytest.mark.parametrize(("name", "table"), [("folder", "labels.csv"), ("folder-clean", "")])
def test_the_recipes_of_the_repository(name: str, table: str) -> None:
    file = Path(__file__).parents[3] / "recipes" / f"{name}.toml"
    assert read_recipe(file).data == FolderData(table=table)


def test_the_label_is_the_mean_of_the_readers(examples: Examples) -> None:
    for row in examples.table.iter_rows(named=True):
        wanted = PATIENTS.index(row["patient"]) + 0.25
        assert row["label"] == row["raw"] == wanted
        assert row["readers"] == 2
        assert row["reader_sd"] == pytest.approx(np.std([0, 0.5], ddof=1))
        assert row["reader_scores"] == [wanted - 0.25, wanted + 0.25]


def test_pixels_are_those_of_the_file(examples: Examples) -> None:
    images = examples.images()
    for number, patient in enumerate(examples.column("patient").tolist()):
        wanted = np.rint(anatomy(PATIENTS.index(patient)))
        assert np.abs(images[number] - wanted).max() <= 1


def test_a_second_run_writes_nothing(root: Path, examples: Examples) -> None:
    before = files_of(examples.folder)
    prepare(root, examples.folder, RECIPE)
    assert files_of(examples.folder) == before


def test_the_tables_split_is_kept(tmp_path: Path) -> None:
    split = ("train", "train", "validation", "test")
    rows = [(f"{p}/1.dcm", 1, p, s) for p, s in zip(PATIENTS, split, strict=True)]
    write_folder(tmp_path / "root", ("path", "score", "patient", "split"), rows)
    prepare(tmp_path / "root", tmp_path / "out", RECIPE)
    made = read_examples(tmp_path / "out")
    found = dict(zip(made.column("patient").tolist(), made.column("split").tolist(), strict=True))
    assert found == dict(zip(PATIENTS, split, strict=True))


def test_without_patients_alike_slices_stay_together(tmp_path: Path) -> None:
    """Two files of the same anatomy, one of them noisier, must not cross a split."""
    rows = [(f"{p}/1.dcm", 1) for p in PATIENTS]
    root = tmp_path / "root"
    noisy = anatomy(0) + np.random.default_rng(0).normal(0, 20, anatomy(0).shape)
    write_ct(root / "e" / "1.dcm", np.rint(noisy.clip(-1024)).astype(np.int16), series="e")
    write_folder(root, ("path", "score"), [*rows, ("e/1.dcm", 0)])
    prepare(root, tmp_path / "out", RECIPE)
    made = read_examples(tmp_path / "out").table
    of = dict(zip(made["file"].to_list(), made["patient"].to_list(), strict=True))
    assert of["a/1.dcm"] == of["e/1.dcm"]
    assert len(set(of.values())) == 4


def test_a_path_may_be_a_series(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(EXAMPLE, root / "scan")
    write_folder(
        root,
        ("path", "score", "patient"),
        [("scan", 3.5, "s"), *((f"{p}/1.dcm", 1, p) for p in PATIENTS)],
    )
    prepare(root, tmp_path / "out", RECIPE)
    scan = read_examples(tmp_path / "out").where(patient="s")
    assert len(scan) == len(real_slices())
    assert set(scan.column("label").tolist()) == {3.5}


def test_every_problem_is_listed_with_file_and_line(tmp_path: Path) -> None:
    root = tmp_path / "root"
    rows = [
        ("a/1.dcm", 4.5, "a", "train"),
        ("a/1.dcm", 1, "a", "train"),
        ("b/1.dcm", "x", "b", "nowhere"),
        ("gone.dcm", 1, "g", "train"),
        ("../up.dcm", 1, "u", "train"),
        ("c/1.dcm", 1, "b", "test"),
    ]
    write_folder(root, ("path", "score", "patient", "split"), rows)
    (root / "d" / "broken.dcm").write_bytes((root / "d" / "1.dcm").read_bytes()[:400])
    with pytest.raises(DataError) as caught:
        plan(root, RECIPE)
    said = lines_of(str(caught.value))
    for wanted in (
        "labels.csv:2: 'score' must be a number in 0…4, got '4.5'",
        "labels.csv:3: a/1.dcm is scored already in labels.csv:2",
        "labels.csv:4: 'score' must be a number in 0…4, got 'x'",
        "labels.csv:4: 'split' must be train, validation, test, got 'nowhere'",
        "labels.csv:5: no file gone.dcm",
        "labels.csv:6: 'path' must lie below the table's folder",
        "labels.csv:7: patient b must be in one split, got 'test' here and 'nowhere'",
        "d/1.dcm: is not in labels.csv",
    ):
        assert any(line.startswith(wanted) for line in said), (wanted, said)


def test_a_split_list_may_not_name_strangers(root: Path) -> None:
    with pytest.raises(DataError, match="nobody"):
        plan(root, replace(RECIPE, test_patients=("nobody",)))


def test_clean_scans_are_degraded(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for seed, name in enumerate(PATIENTS):
        write_patient(root, name, seed)
    clean = replace(RECIPE, table="", train_examples=3, held_out_examples=2)
    prepare(root, tmp_path / "out", clean)
    made = read_examples(tmp_path / "out")
    assert set(made.column("source").tolist()) == {"folder"}
    assert len(set(made.column("patient").tolist())) == 4
    train = made.where(split="train")
    assert len(train) == 3 * 2
    assert train.column("label").max() > train.column("label").min()


def test_a_folder_without_ct(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold clean CT slices, got none"):
        plan(tmp_path, replace(RECIPE, table=""))
    with pytest.raises(DataError, match="must be a folder"):
        plan(tmp_path / "none", RECIPE)
