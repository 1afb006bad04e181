"""Artefacts drawn for a slice, and the data set that has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.data.collection import patient_slice, write_collection

from ctiqa.data.manifest import read_examples
from ctiqa.data.prepare import prepare
from ctiqa.data.simulation.artefacts import ARTEFACT_KINDS, MAX_STRENGTH, Artefact, draw_artefacts
from ctiqa.data.simulation.degrade import Degradation, apply
from ctiqa.data.simulation.draw import WORST_NOISE_HU, draw_clinical
from ctiqa.data.simulation.filters import FILTERS
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene, make_scene
from ctiqa.errors import UsageError
from ctiqa.hu import body_mask
from ctiqa.physics import measure
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.recipe import SimulateClinicalData

SPACING_MM = (2.8, 2.8)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A slice with all six kinds of artefact."""
    hu = patient_slice(3)
    rng = np.random.default_rng(0)
    return make_scene(
        hu,
        SPACING_MM,
        STANDARD_KERNEL,
        rng,
        draws=1,
        artefact_kinds=6,
        artefact_rng=np.random.default_rng(1),
    )


def test_every_kind_adds_something(scene: Scene) -> None:
    assert set(scene.artefacts) == set(ARTEFACT_KINDS)
    for artefact in scene.artefacts.values():
        assert np.isfinite(artefact.added_hu).all()
        inside = scene.mask & ~artefact.left_out
        rms = float(np.sqrt(np.mean(np.square(artefact.added_hu[inside], dtype=np.float64))))
        assert artefact.rms_hu == pytest.approx(rms)
        assert rms > 0.05


def test_what_is_not_patient_is_left_out(scene: Scene) -> None:
    metal = scene.artefacts["metal"]
    assert 0 < metal.left_out.sum() < 0.1 * scene.mask.sum()
    implant = scene.hu + metal.added_hu
    assert implant[metal.left_out & scene.mask].max() > 1500
    truncation = scene.artefacts["truncation"]
    _, cols = np.nonzero(~truncation.left_out)
    assert np.ptp(cols) < np.ptp(np.nonzero(scene.mask)[1])
    for kind in ("motion", "ring", "bone", "starvation"):
        assert not scene.artefacts[kind].left_out.any()


def test_the_noise_does_not_depend_on_artefacts(scene: Scene) -> None:
    plain = make_scene(
        patient_slice(3), SPACING_MM, STANDARD_KERNEL, np.random.default_rng(0), draws=1
    )
    assert plain.artefacts == {}
    np.testing.assert_array_equal(plain.quantum[FULL_VIEWS], scene.quantum[FULL_VIEWS])


def test_the_same_seed_draws_the_same() -> None:
    hu = patient_slice(5)
    measured = measure(hu, SPACING_MM, STANDARD_KERNEL, n_views=120)
    first, second = (
        draw_artefacts(measured, body_mask(hu), np.random.default_rng(7), 4) for _ in range(2)
    )
    assert first.keys() == second.keys()
    for kind, artefact in first.items():
        np.testing.assert_array_equal(artefact.added_hu, second[kind].added_hu)


def test_air_has_no_artefacts() -> None:
    air = np.full((64, 64), -1000, np.float32)
    measured = measure(air, SPACING_MM, STANDARD_KERNEL, n_views=60)
    assert draw_artefacts(measured, body_mask(air), np.random.default_rng(0), 6) == {}


def test_strength_reaches_an_rms_but_not_beyond_physics() -> None:
    artefact = Artefact(np.ones((2, 2), np.float32), np.zeros((2, 2), bool), rms_hu=10.0)
    assert artefact.strength_for(5.0) == 0.5
    assert artefact.strength_for(1000.0) == MAX_STRENGTH


def test_an_artefact_is_added_in_proportion(scene: Scene) -> None:
    whole, half = (
        apply(scene, Degradation(artefact="ring", strength=s)) - scene.hu for s in (2.0, 1.0)
    )
    tissue = scene.mask & (scene.hu > -500)
    np.testing.assert_allclose(whole[tissue], 2 * half[tissue], atol=1e-2)


def test_a_record_names_an_artefact_only_where_there_is_one() -> None:
    assert {"artefact", "strength"}.isdisjoint(Degradation().as_dict())
    facts = Degradation(artefact="ring", strength=0.5).as_dict()
    assert (facts["artefact"], facts["strength"]) == ("ring", 0.5)


def test_everything_is_drawn(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_clinical(scene, rng, artefact_share=0.25) for _ in range(3000)]
    share = np.mean([d.artefact is not None for d in drawn])
    assert share == pytest.approx(0.25, abs=0.03)
    assert {d.artefact for d in drawn} == {*ARTEFACT_KINDS, None}
    assert {d.filter for d in drawn} == {*FILTERS, None}
    assert np.mean([d.filter is not None for d in drawn]) == pytest.approx(0.4, abs=0.03)
    alone = [d for d in drawn if d.artefact and d.dose == 1 and d.views == FULL_VIEWS]
    assert len(alone) > 0.4 * sum(d.artefact is not None for d in drawn)
    for d in drawn:
        if d.artefact:
            added = d.strength * scene.artefacts[d.artefact].rms_hu
            assert added <= WORST_NOISE_HU * 1.001


def test_no_artefacts_where_none_are_asked_for(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    assert all(draw_clinical(scene, rng, 0.0).artefact is None for _ in range(200))


RECIPE = SimulateClinicalData(
    train_examples=8, held_out_examples=8, folds=2, test_share=0.25, artefact_share=0.6
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("all")
    write_collection(folder / "clean")
    prepare(folder / "clean", folder / "set", RECIPE)
    return read_examples(folder / "set").table


def test_a_data_set_with_everything(table: pl.DataFrame) -> None:
    drawn = table.filter(pl.col("purpose") == "example", pl.col("row") > 0)
    share = drawn["artefact"].is_not_null().mean()
    assert share == pytest.approx(0.6, abs=0.15)
    assert drawn["artefact"].drop_nulls().is_in(list(ARTEFACT_KINDS)).all()
    assert drawn["label"].is_between(0, 4).all()
    ladder = table.filter(pl.col("purpose").is_in(["ladder", "sharper"]))
    assert len(ladder)
    assert ladder["artefact"].is_null().all(), "what orders are read from has no artefact"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("artefact_share", 1.5, r"'data\.artefact_share'|artefact_share must be in \[0, 1\]"),
        ("artefact_kinds", 9, "artefact_kinds"),
        ("sampler", "grid", "sampler"),
        ("draws", 0, "draws"),
    ],
)
def test_rules_of_the_recipe(field: str, value: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        replace(SimulateClinicalData(), **{field: value})  # type: ignore[arg-type]


def test_a_patient_who_fills_the_corners_gets_no_implant_there() -> None:
    """Corners lie outside the circle that all projections see, where nothing can be inserted."""
    hu = np.full((96, 96), 40, np.float32)
    measured = measure(hu, (1.5, 1.5), STANDARD_KERNEL, n_views=120)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = ARTEFACT_KINDS["metal"](measured, np.ones((96, 96), bool), rng)
        assert found is None or found.rms_hu > 0
