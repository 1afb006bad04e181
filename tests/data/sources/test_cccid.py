from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydicom import dcmread
from tests.data.collection import patient_slice
from tests.io.make import uid, write_ct

from ctiqa.data.manifest import SHARDS, Examples, read_examples
from ctiqa.data.prepare import prepare
from ctiqa.data.published.labels import label_brightness, ssim_label
from ctiqa.data.sources import cccid
from ctiqa.errors import DataError
from ctiqa.io import read_file_headers, read_slice
from ctiqa.recipe import CccidData
from ctiqa.recipe.reading import read_recipe

PATIENTS = ("volunteer-01", "volunteer-02", "Müller, H.", "volunteer-04", "volunteer-05")
CORRECTED = CccidData(folds=2, test_share=0.2, validation_share=0.2)
PUBLISHED = replace(CORRECTED, mode="as-published")


def write_patient(root: Path, name: str, seed: int) -> Path:
    return write_ct(
        root / name / "series" / "IM0",
        np.rint(patient_slice(seed, 256)).astype(np.int16),
        series=name,
        PixelSpacing=[1.4, 1.4],
        FrameOfReferenceUID=uid(name),
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cccid")
    for seed, name in enumerate(PATIENTS):
        write_patient(folder, name, seed)
    write_ct(folder / PATIENTS[0] / "topogram", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    return folder


@pytest.fixture(scope="module")
def out(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    prepare(root, folder, CORRECTED)
    return folder


@pytest.fixture(scope="module")
def examples(out: Path) -> Examples:
    return read_examples(out)


def test_the_recipe_in_the_package_is_the_papers() -> None:
    file = Path(__file__).parents[3] / "recipes" / "cccid.toml"
    assert read_recipe(file).data == CccidData()


def test_every_slice_comes_at_four_doses(root: Path, examples: Examples) -> None:
    assert len(examples) == 4 * len(PATIENTS)
    shard = examples.where(shard="volunteer-01-0000")
    assert shard.column("dose").tolist() == [1.0, 0.25, 0.5, 0.75]
    full, low, half, _ = (np.asarray(shard.images()[k]).astype(float) for k in range(4))
    header = read_file_headers(root / "volunteer-01" / "series" / "IM0").headers[0]
    np.testing.assert_array_equal(full, read_slice(header).hu)
    inside = full > -500
    assert np.std((low - full)[inside]) > 1
    # The low-dose image is stored in whole HU, and the mixture is made of what it was before.
    assert np.abs(half - (full + (low - full) / np.sqrt(3)))[inside].max() <= 1


def test_labels_join_psnr_and_similarity(examples: Examples) -> None:
    shard = examples.where(shard="volunteer-01-0000")
    full, low = (np.asarray(shard.images()[k]).astype(np.float32) for k in range(2))
    error = label_brightness(low, full) - label_brightness(full, full)
    psnr = -10 * np.log10(np.mean(error**2))
    wanted = 0.5 * np.clip((psnr - 10) / 40, 0, 1) + 0.5 * ssim_label(low, full)
    labels = shard.column("label").tolist()
    assert labels[0] == 1
    assert labels[1] == pytest.approx(wanted)
    assert labels[1] < labels[2] < labels[3] < 1
    assert shard.column("label_psnr_db")[1] == pytest.approx(psnr)


@pytest.mark.parametrize("cap", [50.0, 80.0])
def test_as_published_the_ratio_is_normalised_over_the_set(
    root: Path, tmp_path: Path, cap: float
) -> None:
    """The infinite PSNR of normal dose is replaced by the cap, so the labels are finite."""
    prepare(root, tmp_path, replace(PUBLISHED, write_dicom=False, psnr_cap_db=cap))
    examples = read_examples(tmp_path)
    table = examples.table
    assert set(table["purpose"]) == {"example"}
    measured = []
    for shard in table["shard"].unique(maintain_order=True):
        one = examples.where(shard=shard)
        images = [np.asarray(one.images()[k]).astype(float) for k in range(4)]
        shown = [(np.clip(image, -135, 215) + 135) / 350 for image in images]
        measured += [np.mean((each - shown[0]) ** 2) for each in shown]
    with np.errstate(divide="ignore"):
        psnr = np.minimum(-10 * np.log10(measured), cap)
    quality = (psnr - psnr.min()) / (cap - psnr.min())
    np.testing.assert_allclose(table["label"], 0.5 * quality + 0.5 * table["label_ssim"])
    assert set(table.filter(dose=1.0)["label"]) == {1.0}
    assert table["label"].equals(table["raw"])


def test_as_published_a_fifth_of_the_images_is_drawn_to_validate(
    root: Path, tmp_path: Path
) -> None:
    prepare(root, tmp_path, replace(PUBLISHED, write_dicom=False))
    table = read_examples(tmp_path).table
    assert set(table["split"]) == {"train", "test"}
    trained = table.filter(split="train")
    folds = trained["published_fold"].to_list()
    assert sorted(folds) == sorted(k % 5 for k in range(len(folds)))
    assert set(table.filter(split="test")["published_fold"]) == {-1}
    patients = [set(trained.filter(published_fold=k)["patient"]) for k in range(5)]
    assert patients[0] & (patients[1] | patients[2] | patients[3] | patients[4])


def test_dicom_files_name_nobody(out: Path, examples: Examples) -> None:
    for file in examples.column("file").tolist():
        image = dcmread(out / str(file))
        assert str(image.PatientID).startswith("CASE-")
        assert "ller" not in str(image)
    half = examples.table.filter(pl.col("dose") == 0.5)
    described = [dcmread(out / file).DerivationDescription for file in half["file"]]
    assert len(described) == len(PATIENTS)
    assert all("Poisson" in text for text in described)


def test_a_second_run_writes_nothing(root: Path, out: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in out.rglob("*") if f.is_file()}
    prepare(root, out, CORRECTED)
    assert {f: f.stat().st_mtime_ns for f in out.rglob("*") if f.is_file()} == before


def test_examples_of_another_recipe_are_refused(root: Path, out: Path) -> None:
    with pytest.raises(DataError, match=r"data\.photons is 200000\.0 there, 100000\.0 here"):
        prepare(root, out, replace(CORRECTED, photons=1e5))


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    for seed, name in enumerate(PATIENTS):
        write_patient(tmp_path, name, seed)
    (tmp_path / "loose.dcm").write_bytes(b"")
    (tmp_path / "nobody").mkdir()
    broken = tmp_path / "volunteer-02" / "series" / "IM0"
    broken.write_bytes(broken.read_bytes()[:2000])
    write_ct(tmp_path / "volunteer-04" / "IM1", series="B", PixelSpacing=None)
    recipe = replace(CORRECTED, test_patients=("stranger",), doses=(0.2, 0.5, 0.5))
    with pytest.raises(DataError) as caught:
        prepare(tmp_path, tmp_path / "out", recipe)
    for wanted in (
        "loose.dcm: must lie in a patient's folder",
        "nobody: must hold a series of CT slices, got none",
        "volunteer-02/series/IM0: ",
        "volunteer-04/IM1: must state position, orientation and pixel spacing",
        "'data.test_patients' names stranger, who is not in the data",
        "'data.doses' must be above 'data.low_dose' 0.25, got 0.2",
        "'data.doses' has 0.5 twice",
    ):
        assert wanted in str(caught.value)
    assert not (tmp_path / "out" / SHARDS).exists()


def test_multi_frame_files_and_volumes_are_named(tmp_path: Path) -> None:
    for seed, name in enumerate(PATIENTS):
        write_patient(tmp_path, name, seed)
    np.save(tmp_path / PATIENTS[0] / "volume.npy", np.zeros((2, 256, 256), np.float32))
    with pytest.raises(DataError, match=r"volume\.npy: "):
        cccid.plan(tmp_path, CORRECTED)
