"""Artefacts drawn for a slice, and the data set that has them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.collection import patient_slice, write_collection

from ctiqa.data.manifest import read_examples
from ctiqa.data.prepare import prepare
from ctiqa.data.simulation.artefacts import ARTEFACT_KINDS, MAX_STRENGTH, Artefact, draw_artefacts
from ctiqa.data.simulation.degrade import Degradation, apply
from ctiqa.data.simulation.denoisers import DENOISERS
from ctiqa.data.simulation.draw import WORST_NOISE_HU, draw_all
from ctiqa.data.simulation.labels import make_ladder
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene, make_scene
from ctiqa.data.sources.simulate_all import plan
from ctiqa.errors import UsageError
from ctiqa.hu import body_mask
from ctiqa.physics import measure
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.recipe import SimulateAllData

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


def test_a_record_names_artefact_and_denoiser_only_where_there_is_one() -> None:
    assert {"artefact", "strength", "denoiser"}.isdisjoint(Degradation().as_dict())
    facts = Degradation(artefact="ring", strength=0.5, denoise=0.4, denoiser="patches").as_dict()
    assert (facts["artefact"], facts["strength"], facts["denoiser"]) == ("ring", 0.5, "patches")


@pytest.mark.parametrize("name", DENOISERS)
def test_denoisers_take_noise_and_leave_nothing_at_strength_zero(name: str) -> None:
    flat = np.full((96, 96), 40, np.float32)
    noisy = flat + 30 * np.random.default_rng(0).standard_normal(flat.shape).astype(np.float32)
    denoised = DENOISERS[name](noisy, 1.0)
    assert denoised.dtype == np.float32
    assert denoised.std() < 0.9 * noisy.std()
    assert abs(float(denoised.mean()) - 40) < 2
    np.testing.assert_allclose(DENOISERS[name](noisy, 0.0), noisy, atol=1e-3)


def test_everything_is_drawn(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_all(scene, rng, artefact_share=0.25) for _ in range(3000)]
    share = np.mean([d.artefact is not None for d in drawn])
    assert share == pytest.approx(0.25, abs=0.03)
    assert {d.artefact for d in drawn} == {*ARTEFACT_KINDS, None}
    denoisers = Counter(d.denoiser for d in drawn if d.denoise)
    assert denoisers.keys() == DENOISERS.keys()
    assert sum(denoisers.values()) / 3000 == pytest.approx(0.2, abs=0.03)
    assert all(d.denoiser == "tv" for d in drawn if not d.denoise)
    alone = [d for d in drawn if d.artefact and d.dose == 1 and d.views == FULL_VIEWS]
    assert len(alone) > 0.4 * sum(d.artefact is not None for d in drawn)
    for d in drawn:
        if d.artefact:
            added = d.strength * scene.artefacts[d.artefact].rms_hu
            assert added <= WORST_NOISE_HU * 1.001


def test_no_artefacts_where_none_are_asked_for(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    assert all(draw_all(scene, rng, 0.0).artefact is None for _ in range(200))


RECIPE = SimulateAllData(
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
    ladder = table.filter(pl.col("purpose") != "example")
    assert ladder["artefact"].is_null().all(), "what orders are read from has no artefact"


def test_blur_never_raises_a_label(tmp_path: Path) -> None:
    task = plan(write_collection(tmp_path / "clean"), RECIPE)[0]
    rng = np.random.default_rng(0)
    scene = task.scene(rng)
    ladder = make_ladder(scene, rng)
    noisy = Degradation(dose=0.03, seed=3)
    raw = []
    for blur_mm in (0.0, 1.0, 3.0, 6.0):
        blurred = replace(noisy, blur_mm=blur_mm)
        raw.append(task.example(scene, blurred, ladder)[1]["raw"])
    assert all(each <= raw[0] for each in raw)
    assert all(math.isfinite(each) for each in raw)


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
        replace(SimulateAllData(), **{field: value})  # type: ignore[arg-type]
