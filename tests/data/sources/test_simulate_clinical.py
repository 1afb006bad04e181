"""Everything that goes wrong, on patients, limbs and phantoms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.collection import write_collection

from ctiqa.data.manifest import DRAWN, FILTERED, read_examples
from ctiqa.data.prepare import prepare
from ctiqa.data.simulation.degrade import Degradation
from ctiqa.data.simulation.draw import CLEAN_HU, draw_clinical
from ctiqa.data.simulation.filters import FILTERS
from ctiqa.data.simulation.labels import LADDER_HU, Ladder, make_ladder
from ctiqa.data.sources import slice_regions
from ctiqa.data.sources.drawn_series import drawn_series
from ctiqa.data.sources.limbs import without_trunk
from ctiqa.data.sources.simulate import SimulateTask
from ctiqa.data.sources.simulate_clinical import SimulateClinicalTask, plan
from ctiqa.data.sources.slice_regions import LETTERS, limb_series, regions_of
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe import SimulateClinicalData
from ctiqa.recipe.network import FINDINGS, REGIONS

RECIPE = SimulateClinicalData(
    train_examples=2,
    held_out_examples=2,
    folds=2,
    test_share=0.0,
    validation_share=0.0,
    test_patients=("C3", "A0"),
    validation_patients=("C4",),
    artefact_kinds=1,
    draws=1,
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("all")
    prepare(write_collection(folder / "clean"), folder / "set", RECIPE)
    return folder / "set"


@pytest.fixture(scope="module")
def table(prepared: Path) -> pl.DataFrame:
    return read_examples(prepared).table


def test_patients_are_where_the_recipe_lists_them(table: pl.DataFrame) -> None:
    places = dict(table.select("patient", "split").unique().iter_rows())
    assert places == {
        **dict.fromkeys(("C0", "C1", "C2", "A1", "A2"), "train"),
        **dict.fromkeys(("C3", "A0"), "test"),
        "C4": "validation",
    }


def test_every_filter_is_tried_on_held_out_slices_at_every_strength(table: pl.DataFrame) -> None:
    filtered = table.filter(pl.col("purpose") == FILTERED)
    assert set(filtered["patient"]) == {"C3", "C4", "A0"}
    wanted = {(None, 0.0)} | {(n, s) for n, each in FILTERS.items() for s in each.strengths}
    for _, part in filtered.group_by("shard"):
        settings = part.select("filter", pl.col("filter_strength").fill_null(0.0)).rows()
        assert Counter(settings) == Counter(dict.fromkeys(wanted, 1))
        # All of them are of one noise, so that nothing but the filter differs.
        assert part["dose"].n_unique() == part["seed"].n_unique() == 1


def test_filters_cost_and_gain_what_the_clean_original_says(table: pl.DataFrame) -> None:
    filtered = table.filter(pl.col("purpose") == FILTERED)
    plain = filtered.filter(pl.col("filter").is_null()).select("shard", "raw", "rmse_hu", "loss_3")
    both = filtered.drop_nulls("filter").join(plain, on="shard", suffix="_plain")
    worse = both.filter(
        pl.col("rmse_hu") > pl.col("rmse_hu_plain"), pl.col("loss_3") > pl.col("loss_3_plain")
    )
    assert len(worse) > 20
    assert (worse["raw"] < worse["raw_plain"]).all()
    strong = both.filter(pl.col("filter") == "gaussian", pl.col("filter_strength") >= 3)
    assert (strong["raw"] < strong["raw_plain"] - 0.5).all()


def test_findings_are_yes_no_or_open(prepared: Path) -> None:
    found = read_examples(prepared).findings()
    assert found is not None
    assert found.shape[1] == len(FINDINGS)
    known = found[np.isfinite(found)]
    assert set(known.tolist()) == {0.0, 1.0}
    assert np.isnan(found).any()


def test_a_slice_nobody_has_looked_at_shows_nothing(prepared: Path) -> None:
    regions = read_examples(prepared).regions()
    assert regions is not None
    assert regions.shape[1] == len(REGIONS)
    assert not regions.any()


def test_regions_are_those_of_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    letters = {"series-C0": "C", "series-A0": "x"}
    tables = {"slices": letters, "limbs": {"series": ["series-C0"]}}
    monkeypatch.setattr(slice_regions, "_tables", lambda: tables)
    tasks = plan(write_collection(tmp_path / "clean"), RECIPE)
    shown = {task.name: task.shows for task in tasks if isinstance(task, SimulateClinicalTask)}
    assert shown["series-C0-000-native"] == ("chest",)
    assert shown["series-A0-000-native"] == ("chest", "abdomen")
    assert shown["series-C0-000-limbs"] == ("limb",)
    assert shown["series-C3-000-native"] == ()


def test_the_table_of_the_collection_holds_known_letters() -> None:
    assert regions_of("ge_head_QMNx85rKkkg", 27) == ("head",)
    assert regions_of("ge_head_QMNx85rKkkg", 28) == ()
    table = slice_regions._table()
    assert set("".join(table.values())) <= LETTERS.keys()
    assert limb_series() <= table.keys()
    assert {region for letters in LETTERS.values() for region in letters} <= set(REGIONS)


def test_phantoms_and_limbs_are_drawn_besides(tmp_path: Path) -> None:
    root = write_collection(tmp_path / "clean")
    more = plan(root, replace(RECIPE, phantoms=10, limbs=5))
    drawn = [task for task in more if task.facts["origin"] == DRAWN]
    assert len(drawn) == 15
    assert len(more) == len(plan(root, RECIPE)) + 15
    places = Counter(task.place.split for task in drawn)
    assert places == {"train": 9, "validation": 3, "test": 3}
    assert {task.shows for task in drawn if isinstance(task, SimulateClinicalTask)} == {
        ("phantom",),
        ("limb",),
    }


@pytest.mark.parametrize("kind", ["phantom", "limb"])
def test_what_is_drawn_comes_with_noise_and_is_the_same_every_time(kind: str) -> None:
    series = drawn_series(kind, 2)
    hu, spacing = series[0].read()
    again, _ = series[0].read()
    other, _ = series[1].read()
    np.testing.assert_array_equal(hu, again)
    assert not np.array_equal(hu, other)
    assert hu.shape == (1, 512, 512)
    assert spacing[0] > 0
    differences = np.abs(np.diff(hu[0], axis=1))
    assert 0.5 < np.median(differences[differences > 0]) < 60


def test_arms_stay_when_the_trunk_goes() -> None:
    hu = np.full((128, 128), -1000, np.float32)
    hu[20:80, 30:100] = 40
    hu[60:80, 105:120] = 55
    kept = without_trunk(hu)
    assert kept[40, 60] == -1000
    assert kept[70, 112] == 55


def _raw(task: SimulateTask, degradation: Degradation) -> float:
    rng = np.random.default_rng(0)
    scene = task.scene(rng)
    _, record = task.example(scene, degradation, make_ladder(scene, rng))
    return float(record["raw"])


def test_a_strong_filter_is_bad_whatever_was_under_it(tmp_path: Path) -> None:
    task = plan(write_collection(tmp_path / "clean"), RECIPE)[0]
    plain = [Degradation(dose=dose, seed=3) for dose in (1.0, 0.1, 0.02)]
    before = [_raw(task, each) for each in plain]
    assert before == sorted(before, reverse=True)
    for sigma in (3.0, 6.0):
        blurred = [replace(d, filter="gaussian", filter_strength=sigma) for d in plain]
        after = [_raw(task, each) for each in blurred]
        # Less is left of what the slices were before, the stronger the filter.
        assert max(after) < before[0] - 2
        assert np.ptp(after) < 0.35 * np.ptp(before)


def test_a_filter_gains_no_more_than_its_worst_measure() -> None:
    table = np.array(
        [[level, level / 100, level / 100, level / 100, level / 100] for level in LADDER_HU]
    )
    ladder = Ladder(table, own_noise_hu=5.0)
    noisy = np.array([40.0, 0.4, 0.4, 0.4, 0.4])
    better = np.array([20.0, 0.2, 0.2, 0.2, 0.2])
    blind = np.array([20.0, 0.2, 0.2, 0.4, 0.2])  # edges are where they were
    worse = np.array([10.0, 0.1, 0.1, 0.6, 0.1])  # quiet, and edges are gone
    raw = score_of_noise(ladder.total_noise(noisy))
    assert ladder.smoothed_score(noisy, noisy) == pytest.approx(raw)
    assert ladder.smoothed_score(noisy, better) > raw + 1
    assert ladder.smoothed_score(noisy, blind) == pytest.approx(raw)
    assert ladder.smoothed_score(noisy, worse) < raw - 0.5


def test_filters_are_drawn_for_clean_slices_alone(tmp_path: Path) -> None:
    task = plan(write_collection(tmp_path / "clean"), RECIPE)[0]
    scene, rng = task.scene(np.random.default_rng(0)), np.random.default_rng(0)
    assert scene.own_noise_hu < CLEAN_HU
    drawn = [draw_clinical(scene, rng, artefact_share=0.25) for _ in range(2000)]
    filters = Counter(each.filter for each in drawn if each.filter)
    assert filters.keys() == FILTERS.keys()
    assert sum(filters.values()) / 2000 == pytest.approx(0.4, abs=0.05)
    mixed = [each.filter_share < 1 for each in drawn if each.filter]
    assert np.mean(mixed) == pytest.approx(0.5, abs=0.08)
    scene.__dict__["own_noise_hu"] = 2 * CLEAN_HU
    assert not any(draw_clinical(scene, rng, artefact_share=0.25).filter for _ in range(300))


def test_a_slice_with_limbs_alone_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tables = {"slices": {}, "limbs": {"series": ["series-C0"]}}
    monkeypatch.setattr(slice_regions, "_tables", lambda: tables)
    tasks = plan(write_collection(tmp_path / "clean"), RECIPE)
    (limbs,) = (task for task in tasks if task.variant == "limbs")
    # A trunk and nothing else: no tissue is left, and so no example.
    assert limbs.make().records == []


def test_further_scenes_of_a_training_slice_are_resized(tmp_path: Path) -> None:
    root = write_collection(tmp_path / "clean")
    once, thrice = (
        {task.name: task for task in plan(root, replace(RECIPE, train_scenes=n))} for n in (1, 3)
    )
    added = [thrice[name] for name in thrice if name not in once]
    training = [task for task in once.values() if task.place.split == "train"]
    assert set(once) < set(thrice)
    assert len(added) == 2 * len(training)
    assert {task.place.split for task in added} == {"train"}
    assert {task.place for task in added} == {task.place for task in training}
    again = added[0]
    before = next(task for task in training if again.name.startswith(task.name))
    first, second = (task.scene(np.random.default_rng(0)) for task in (before, again))
    factor = first.spacing_mm[0] / second.spacing_mm[0]
    assert factor != 1
    # The same patient in mm, on another number of pixels.
    ratio = second.mask.sum() / first.mask.sum()
    assert ratio == pytest.approx(factor**2, rel=0.1)
