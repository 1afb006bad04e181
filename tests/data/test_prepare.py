from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import psutil
import pytest
from polars.testing import assert_frame_equal
from tests.data.collection import PATIENTS, RECIPE, Prepared, record

from ctiqa.data.manifest import MANIFEST, SHARDS, Examples, Shards, read_examples
from ctiqa.data.prepare import plan, prepare
from ctiqa.data.recipe_lock import LOCK_FILE
from ctiqa.data.simulation import labels
from ctiqa.data.simulation.degrade import Degradation, apply
from ctiqa.data.sources import simulate
from ctiqa.data.sources.simulate import DOSE_LADDER, SimulateTask
from ctiqa.data.task import task_rng
from ctiqa.errors import DataError
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe import DataRecipe

PROGRAM = """
from pathlib import Path
from tests.data.collection import RECIPE
from ctiqa.data.prepare import prepare
prepare(Path({root!r}), Path({out!r}), RECIPE, jobs=2)
"""


def written(out: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}


def arrays(shards: Shards) -> list[npt.NDArray[np.generic]]:
    return [shards[number] for number in range(len(shards))]


def task(prepared: Prepared, patient: str) -> SimulateTask:
    return next(t for t in simulate.plan(prepared.root, RECIPE) if t.series.patient == patient)


def test_every_slice_is_planned_and_sharp_ones_twice(prepared: Prepared) -> None:
    names = [t.name for t in plan(prepared.root, RECIPE)]
    assert len(names) == len(set(names)) == len(PATIENTS) + 1
    assert [n for n in names if "C1" in n] == ["series-C1-000-native", "series-C1-000-soft"]


def test_no_patient_is_in_two_splits_or_folds(examples: Examples) -> None:
    places = examples.table.group_by("patient").agg(
        pl.col("split").n_unique(), pl.col("fold").n_unique()
    )
    assert set(places["patient"]) == set(PATIENTS)
    assert places["split"].max() == places["fold"].max() == 1
    for a, b in itertools.combinations(("train", "validation", "test"), 2):
        left, right = (set(examples.where(split=s).column("patient").tolist()) for s in (a, b))
        assert left
        assert not left & right


@pytest.mark.parametrize(
    ("split", "purposes"),
    [
        ("train", {"example": 3}),
        ("validation", {"example": 3, "ladder": len(DOSE_LADDER), "sharper": 1}),
        ("test", {"example": 3, "ladder": len(DOSE_LADDER), "sharper": 1}),
    ],
)
def test_every_slice_has_its_examples(
    examples: Examples, split: str, purposes: dict[str, int]
) -> None:
    shards = examples.where(split=split).table.partition_by("shard")
    for shard in shards:
        counts = dict(shard["purpose"].value_counts().iter_rows())
        assert counts == purposes
        assert shard["row"].to_list() == list(range(len(shard)))


def test_labels_follow_from_what_is_recorded(examples: Examples) -> None:
    for row in examples.table.iter_rows(named=True):
        assert row["raw"] == pytest.approx(score_of_noise(row["total_noise_hu"]))
        assert row["label"] == labels.clip_score(row["raw"])
        assert row["total_noise_hu"] >= row["own_noise_hu"] > 0
        assert row["id"] == f"{row['shard']}-{row['row']:03d}"
        assert (row["licence"], row["origin"]) == ("CC0", "made here")


def test_the_first_example_is_the_slice_itself(examples: Examples) -> None:
    first = examples.where(row=0)
    assert set(first.column("dose").tolist()) == {1.0}
    np.testing.assert_allclose(
        first.column("total_noise_hu").astype(float),
        first.column("own_noise_hu").astype(float),
        rtol=1e-4,
    )
    for number, noise in enumerate(arrays(first.maps())):
        own = float(first.table["own_noise_hu"][number])
        known = noise[np.isfinite(noise.astype(np.float32))].astype(np.float64)
        assert known == pytest.approx(np.log(own), abs=5e-3)


@pytest.mark.parametrize("patient", ["C0", "C1", "A2"])
def test_records_make_the_stored_pixels_again(
    prepared: Prepared, examples: Examples, patient: str
) -> None:
    here = task(prepared, patient)
    scene = here.scene(task_rng(RECIPE.seed, here.name))
    mine = examples.where(shard=here.name)
    for row, image in zip(mine.table.iter_rows(named=True), arrays(mine.images()), strict=True):
        known = {field.name: row.get(field.name) for field in fields(Degradation)}
        degradation = Degradation(
            **{name: value for name, value in known.items() if value is not None}
        )
        made = apply(scene, degradation)
        assert np.abs(made - image.astype(np.float32)).max() <= 0.5 + 1e-3


def test_maps_are_the_local_noise(prepared: Prepared, examples: Examples) -> None:
    here = task(prepared, "C0")
    scene = here.scene(task_rng(RECIPE.seed, here.name))
    mine = examples.where(shard=here.name)
    for image, noise in zip(arrays(mine.images()), arrays(mine.maps()), strict=True):
        errors = labels.token_errors(image.astype(np.float32), scene.hu, scene.mask)
        wanted = np.log(np.hypot(errors, scene.own_noise_hu))
        np.testing.assert_allclose(noise.astype(np.float32), wanted, atol=0.02)


def test_a_second_run_writes_nothing(prepared: Prepared) -> None:
    before = written(prepared.out)
    calls: list[tuple[int, int]] = []
    manifest = prepare(
        prepared.root, prepared.out, RECIPE, progress=lambda a, b: calls.append((a, b))
    )
    assert manifest == prepared.out / MANIFEST
    assert written(prepared.out) == before
    assert not calls


def test_killed_and_resumed_is_as_if_never_killed(prepared: Prepared, tmp_path: Path) -> None:
    program = PROGRAM.format(root=str(prepared.root), out=str(tmp_path))
    running = psutil.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    shards = tmp_path / SHARDS
    deadline = time.monotonic() + 300
    while not list(shards.glob("*.json")) and time.monotonic() < deadline:
        assert running.poll() is None
        time.sleep(0.02)
    workers = running.children(recursive=True)
    running.kill()
    running.wait()
    assert 0 < len(list(shards.glob("*.json"))) < len(plan(prepared.root, RECIPE))
    assert not (tmp_path / MANIFEST).exists()
    with pytest.raises(DataError, match="no finished data set"):
        read_examples(tmp_path)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive

    prepare(prepared.root, tmp_path, RECIPE)
    again, straight = (pl.read_parquet(f / MANIFEST) for f in (tmp_path, prepared.out))
    assert_frame_equal(again, straight, check_exact=True)
    for file in (prepared.out / SHARDS).glob("*.npy"):
        assert (shards / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(RECIPE, train_examples=4), r"data\.train_examples is 3 there, 4 here"),
        (replace(RECIPE, test_patients=("C1",)), r"data\.test_patients is \[\] there, \['C1'\]"),
        (replace(RECIPE, mode="as-published"), r"data\.mode is 'corrected' there"),
    ],
    ids=["count", "split", "mode"],
)
def test_slices_of_another_recipe_are_not_mixed_in(
    prepared: Prepared, changed: DataRecipe, said: str
) -> None:
    """Otherwise a patient could be in training and test, or a label could be ambiguous."""
    before = written(prepared.out)
    with pytest.raises(DataError, match=said):
        prepare(prepared.root, prepared.out, changed)
    assert written(prepared.out) == before


def test_a_folder_that_nothing_vouches_for_is_refused(prepared: Prepared, tmp_path: Path) -> None:
    shutil.copytree(prepared.out, tmp_path / "out")
    (tmp_path / "out" / LOCK_FILE).unlink()
    with pytest.raises(DataError, match="made by another recipe"):
        prepare(prepared.root, tmp_path / "out", RECIPE)


def test_a_collection_that_has_grown_may_not_move_patients(
    prepared: Prepared, tmp_path: Path
) -> None:
    shutil.copytree(prepared.root, tmp_path / "root")
    shutil.copytree(prepared.out, tmp_path / "out")
    index = tmp_path / "root" / "index.json"
    kept = [r for r in json.loads(index.read_text()) if "C0" not in r["file"]]
    index.write_text(json.dumps(kept))
    before = written(tmp_path / "out")
    with pytest.raises(DataError, match="the collection has changed"):
        prepare(tmp_path / "root", tmp_path / "out", RECIPE)
    assert written(tmp_path / "out") == before


def test_an_altered_record_is_named(prepared: Prepared, tmp_path: Path) -> None:
    shutil.copytree(prepared.out, tmp_path / "out")
    (tmp_path / "out" / SHARDS / "series-A0-000-native.json").write_text("[{")
    with pytest.raises(DataError, match=r"series-A0-000-native.json' is not a list of examples"):
        prepare(prepared.root, tmp_path / "out", RECIPE)


def test_a_slice_of_air_gives_no_examples(prepared: Prepared, tmp_path: Path) -> None:
    records = [record("C0"), record("C1", kernel="B30f")]
    for r in records:
        air = np.full((1, 64, 64), -1000, np.int16)
        np.savez(tmp_path / r["file"], hu=air, spacing_mm=np.array([5.0, 4.0, 4.0]))
    shutil.copy(prepared.root / "series-C0.npz", tmp_path)
    (tmp_path / "index.json").write_text(json.dumps(records))
    nobody_kept_aside = replace(RECIPE, test_share=0.0, validation_share=0.0)
    prepare(tmp_path, tmp_path / "out", nobody_kept_aside)
    found = read_examples(tmp_path / "out")
    assert set(found.column("patient").tolist()) == {"C0"}
    before = written(tmp_path / "out")
    prepare(tmp_path, tmp_path / "out", nobody_kept_aside)
    assert written(tmp_path / "out") == before


def test_an_error_in_one_slice_ends_the_run(tmp_path: Path) -> None:
    records = [record("C0"), record("C1", kernel="B30f")]
    for r in records:
        np.savez(tmp_path / r["file"], other=np.zeros(3))
    (tmp_path / "index.json").write_text(json.dumps(records))
    with pytest.raises(DataError, match=r"series-C0\.npz"):
        prepare(tmp_path, tmp_path / "out", replace(RECIPE, test_share=0.0, validation_share=0.0))
    assert not (tmp_path / "out" / MANIFEST).exists()
