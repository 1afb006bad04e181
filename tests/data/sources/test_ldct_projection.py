from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from skimage.metrics import structural_similarity
from tests.data.collection import patient_slice
from tests.io.make import uid, write_ct

from ctiqa.data.manifest import SHARDS, Examples, read_examples
from ctiqa.data.prepare import plan, prepare
from ctiqa.data.sources import ldct_projection
from ctiqa.data.sources.ldct_projection import published_folds
from ctiqa.errors import DataError
from ctiqa.io import ReadOptions, read_file_headers, read_slice
from ctiqa.recipe import LdctProjectionData
from ctiqa.recipe.reading import read_recipe

TRAINED = ("C002", "C004", "C016", "C021")
TESTED = ("C012",)
STUDY = "08-30-2018-NA-NA-62464"
FULL = "1.000000-Full Dose Images-38183"
LOW = "1.000000-Low Dose Images-93125"
SLICES = 2

CORRECTED = LdctProjectionData(
    folds=2, train_patients=TRAINED, test_patients=TESTED, low_dose=0.1, write_dicom=False
)
PUBLISHED = replace(CORRECTED, mode="as-published")


def write_case(root: Path, case: str, *, low_names: int = 1) -> Path:
    """A case in the TCIA layout; numbering of low-dose files may start elsewhere."""
    seed = int(case[1:])
    for k in range(SLICES):
        full = np.rint(patient_slice(seed + k, 256, noise_hu=8))
        noise = np.random.default_rng(seed + k).normal(0, 40, full.shape)
        low = np.maximum(full + np.rint(noise), -1024)
        for name, hu, first in ((FULL, full, 1), (LOW, low, low_names)):
            write_ct(
                root / case / STUDY / name / f"1-{first + k:03d}.dcm",
                hu.astype(np.int16),
                z_mm=3.0 * k,
                series=f"{case}/{name}",
                FrameOfReferenceUID=uid(case),
                BodyPartExamined="CHEST",
            )
    return root / case / STUDY


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ldct")
    for case in (*TRAINED, *TESTED):
        write_case(folder, case)
    write_case(folder, "C099")
    (folder / "L004").mkdir()
    (folder / "C002" / STUDY / "1.000000-Full dose projections-24362").mkdir()
    return folder


@pytest.fixture(scope="module")
def corrected(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    out = tmp_path_factory.mktemp("corrected")
    prepare(root, out, CORRECTED)
    return read_examples(out)


@pytest.fixture(scope="module")
def published(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    out = tmp_path_factory.mktemp("published")
    prepare(root, out, PUBLISHED)
    return read_examples(out)


def written(out: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}


def pixels(file: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return read_slice(read_file_headers(file).headers[0]).hu


def test_the_recipe_in_the_package_is_the_papers() -> None:
    file = Path(__file__).parents[3] / "recipes" / "ldct-projection.toml"
    assert read_recipe(file).data == LdctProjectionData()


def test_the_ends_are_the_files_and_the_doses_lie_between(root: Path, corrected: Examples) -> None:
    assert len(corrected) == 5 * SLICES * 4
    assert set(corrected.column("purpose").tolist()) == {"example"}
    shard = corrected.where(shard="C004-1-002")
    assert shard.column("dose").tolist() == [1.0, 0.1, 0.5, 0.75]
    full, low, half, three_quarters = (np.asarray(shard.images()[k]) for k in range(4))
    study = root / "C004" / STUDY
    np.testing.assert_array_equal(full, pixels(study / FULL / "1-002.dcm"))
    np.testing.assert_array_equal(low, pixels(study / LOW / "1-002.dcm"))
    step = low.astype(float) - full
    for image, dose in ((half, 0.5), (three_quarters, 0.75)):
        wanted = full + math.sqrt((1 / dose - 1) / 9) * step
        assert np.abs(image - wanted).max() <= 0.5 + 1e-4


def test_as_published_repeats_the_authors_computation(root: Path, published: Examples) -> None:
    """Constant 3, truncation, one window that hides the lung."""
    shard = published.where(shard="C016-1-001")
    study = root / "C016" / STUDY
    full, low = (pixels(study / n / "1-001.dcm").astype(np.int32) for n in (FULL, LOW))
    half = (full + np.sqrt((1 / 0.5 - 1) / 3) * (low - full)).astype(np.int32)
    np.testing.assert_array_equal(np.asarray(shard.images()[2]), half)
    shown = [(np.clip(image, -135, 215) + 135) / 350 for image in (full, low, half)]
    by_hand = [structural_similarity(shown[0], s, data_range=1) for s in shown]  # type: ignore[no-untyped-call]
    assert shard.column("label")[:3].tolist() == pytest.approx(by_hand, abs=1e-12)
    assert by_hand[0] == 1
    assert shard.column("label").tolist() == shard.column("label_ssim").tolist()
    assert set(shard.column("label_scale").tolist()) == {"0-1"}


def test_corrected_labels_see_the_lung(corrected: Examples, published: Examples) -> None:
    """The low-dose pixels are the same, and the others have the noise of their dose."""

    def labels(examples: Examples) -> list[float]:
        return [float(v) for v in examples.where(shard="C016-1-001").table["label"]]

    for full, low, half, three_quarters in (labels(corrected), labels(published)):
        assert low < half < three_quarters < full == 1
    assert labels(corrected)[1] != labels(published)[1]
    assert labels(corrected)[2] > labels(published)[2]


def test_patients_stay_whole_where_the_authors_tore_them(published: Examples) -> None:
    table = published.table
    assert set(table["split"].unique()) == {"train", "test"}
    torn = table.group_by("patient").agg(
        pl.col("fold").n_unique(), pl.col("published_fold").n_unique().alias("published")
    )
    assert set(torn["fold"]) == {1}
    assert set(torn["published"]) != {1}
    listed = json.loads((published.folder / "train.json").read_text())
    by_path = dict(zip(table["published_path"], table["published_fold"], strict=True))
    assert [by_path[path] for path in listed] == list(published_folds(len(listed)))
    assert set(table.filter(split="test")["published_fold"]) == {-1}


@pytest.mark.parametrize("count", [0, 1, 5, 7, 16, 99, 100, 3601])
def test_published_folds_are_the_authors_slices_of_the_list(count: int) -> None:
    """Their data manager, written out: fold f validates ``data[(f − 1)·v : f·v]``."""
    validated = count - int(count * 0.80)
    names = list(range(count))
    theirs = [names[(fold - 1) * validated : fold * validated] for fold in range(1, 6)]
    ours = published_folds(count)
    assert [[n for n in names if ours[n] == fold] for fold in range(5)] == theirs


def test_corrected_keeps_patients_for_validation(corrected: Examples) -> None:
    split = {
        s: set(corrected.where(split=s).column("patient").tolist())
        for s in ("train", "validation", "test")
    }
    assert split["test"] == set(TESTED)
    assert len(split["validation"]) == 1
    assert split["validation"] | split["train"] == set(TRAINED)
    assert set(corrected.column("published_fold").tolist()) == {-1}


def test_lists_have_the_authors_keys(corrected: Examples) -> None:
    lists = {
        name: json.loads((corrected.folder / f"{name}.json").read_text())
        for name in ("dataset", "train", "test")
    }
    assert lists["dataset"] == lists["train"] | lists["test"]
    assert {key[:4] for key in lists["train"]} == set(TRAINED)
    first, second = (f"1-{k:03d}.dcm" for k in (1, 2))
    folders = (FULL, LOW, "0.5Dose", "0.75Dose")
    assert list(lists["test"]) == [
        f"C012/{STUDY}/{folder}/{name}" for name in (first, second) for folder in folders
    ]
    assert lists["test"][f"C012/{STUDY}/{FULL}/{first}"] == 1
    assert all(0 < score <= 1 for score in lists["dataset"].values())


def test_dicom_files_are_what_the_lists_name(root: Path, tmp_path: Path) -> None:
    recipe = replace(CORRECTED, train_patients=TRAINED[:2], validation_share=0.0, write_dicom=True)
    prepare(root, tmp_path, recipe)
    examples = read_examples(tmp_path)
    names = json.loads((tmp_path / "dataset.json").read_text())
    assert {f"dicom/{name}" for name in names} == set(examples.column("file").tolist())
    files = {f.relative_to(tmp_path).as_posix() for f in (tmp_path / "dicom").rglob("*.dcm")}
    assert files == set(examples.column("file").tolist())
    shard = examples.where(shard="C012-1-001")
    options = ReadOptions(allow_reformats=True)
    for number, file in enumerate(shard.column("file").tolist()):
        header = read_file_headers(tmp_path / str(file), options).headers[0]
        np.testing.assert_array_equal(read_slice(header, options).hu, shard.images()[number])
        assert header.spacing_mm == (0.7, 0.7)


def test_workers_make_the_same_data_set(root: Path, tmp_path: Path) -> None:
    recipe = replace(CORRECTED, train_patients=TRAINED[:2], validation_share=0.0, write_dicom=True)
    one, two = (tmp_path / name for name in ("one", "two"))
    prepare(root, one, recipe)
    prepare(root, two, recipe, jobs=2)
    files = [file.relative_to(one) for file in written(one)]
    assert {file.relative_to(two) for file in written(two)} == set(files)
    assert all((one / file).read_bytes() == (two / file).read_bytes() for file in files)


def test_a_second_run_writes_nothing(root: Path, tmp_path: Path) -> None:
    recipe = replace(CORRECTED, train_patients=TRAINED[:2], validation_share=0.0, write_dicom=True)
    prepare(root, tmp_path, recipe)
    before = written(tmp_path)
    prepare(root, tmp_path, recipe)
    assert written(tmp_path) == before


def test_examples_of_another_mode_are_not_mixed_in(root: Path, tmp_path: Path) -> None:
    two = replace(CORRECTED, train_patients=TRAINED[:2], validation_share=0.0)
    prepare(root, tmp_path, two)
    before = written(tmp_path)
    with pytest.raises(DataError, match="made by another recipe"):
        prepare(root, tmp_path, replace(two, mode="as-published"))
    assert written(tmp_path) == before


def test_pairs_go_by_position_not_by_name(tmp_path: Path) -> None:
    for case in (*TRAINED, *TESTED):
        write_case(tmp_path, case, low_names=7)
    tasks = ldct_projection.plan(tmp_path, CORRECTED)
    assert len(tasks) == 5 * SLICES
    for task in tasks:
        assert task.full.z_mm == task.low.z_mm
        number = int(task.full.source.file.stem[2:])
        assert task.low.source.file.stem == f"1-{number + 6:03d}"


def test_every_chest_case_is_taken_where_none_is_named(root: Path) -> None:
    tasks = plan(root, replace(CORRECTED, train_patients=(), test_patients=()))
    assert {t.name[:4] for t in tasks} == {*TRAINED, *TESTED, "C099"}


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    for case in (*TRAINED, *TESTED):
        write_case(tmp_path, case)
    (tmp_path / "C002" / STUDY / LOW / "1-002.dcm").unlink()
    (tmp_path / "C004" / STUDY / FULL / "1-001.dcm").unlink()
    broken = tmp_path / "C016" / STUDY / LOW / "1-001.dcm"
    broken.write_bytes(broken.read_bytes()[:2000])
    (tmp_path / "C012" / STUDY / FULL / "notes.txt").write_text("extra")
    (tmp_path / "C021" / STUDY / LOW).rename(tmp_path / "C021" / STUDY / "other")
    recipe = replace(
        CORRECTED, train_patients=(*TRAINED, "C555"), test_patients=("C777", *TESTED), doses=(0.05,)
    )
    with pytest.raises(DataError) as caught:
        prepare(tmp_path, tmp_path / "out", recipe)
    text = str(caught.value)
    for wanted in (
        f"C002/{STUDY}/{FULL}/1-002.dcm: no low-dose slice at its position",
        "C002: must have as many low-dose as full-dose slices, got 1 and 2",
        f"C004/{STUDY}/{LOW}/1-001.dcm: no full-dose slice at its position",
        f"C016/{STUDY}/{LOW}/1-001.dcm: ",
        f"C012/{STUDY}/{FULL}/notes.txt: ",
        "C021: must have one folder '… Low Dose Images …', got 0",
        "'data.train_patients' names C555, who is not in the data",
        "'data.test_patients' names C777, who is not in the data",
        "'data.doses' must be above 'data.low_dose' 0.1, got 0.05",
    ):
        assert wanted in text
    assert not (tmp_path / "out" / SHARDS).exists()


def test_slices_that_are_no_pair_are_named(tmp_path: Path) -> None:
    study = write_case(tmp_path, "C002")
    small = np.zeros((256, 256), np.int16)
    for k in range(SLICES):
        place = study / LOW / f"1-{k + 1:03d}.dcm"
        write_ct(place, small + k, z_mm=3.0 * k, series="other", PixelSpacing=[0.5, 0.5])
    write_ct(study / FULL / "1-009.dcm", small, z_mm=0.01, series=f"C002/{FULL}")
    recipe = replace(CORRECTED, train_patients=("C002",), test_patients=())
    with pytest.raises(DataError) as caught:
        plan(tmp_path, recipe)
    assert f"{LOW}/1-001.dcm: must have matrix and pixel spacing" in str(caught.value)
    assert f"{FULL}/1-009.dcm: lies where 1-001.dcm lies" in str(caught.value)


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be a folder"):
        plan(tmp_path / "none", CORRECTED)
    with pytest.raises(DataError, match="C002, who is not in the data"):
        plan(tmp_path, CORRECTED)
