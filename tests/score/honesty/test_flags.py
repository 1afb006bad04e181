"""Every flag can be provoked, and none is raised on a plain slice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.score.honesty.images import EXAMPLE_PIXEL, example
from tests.score.made import header
from tests.score.tiny_model import card

from ctiqa.physics import measure_patient
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.score.honesty.flags import honesty_flags, scan_flags
from ctiqa.types import Acquisition, PatientPhysics, SliceScore, Unmeasured
from ctiqa.weights import ModelCard, parse_card

PLAIN = PatientPhysics(
    noise_hu=22.0, quantum_noise_hu=20.0, water_equivalent_diameter_mm=300.0, f50_per_mm=0.35
)


@pytest.fixture(scope="module")
def model_card() -> ModelCard:
    return parse_card(json.dumps(card("tiny")).encode(), Path("tiny.json"))


def scored(score: float | None = 3.5, **answers: Any) -> SliceScore:
    answers = {"equivalent_noise_hu": 25.0} | answers
    interval = None if score is None else (score, score)
    return SliceScore(header(), score, interval, **answers)


def test_plain_slice_has_no_flag(model_card: ModelCard) -> None:
    assert honesty_flags(scored(), PLAIN, model_card) == ()
    assert honesty_flags(scored(), None, model_card) == ()
    assert honesty_flags(scored(), PatientPhysics(), model_card) == ()


@pytest.mark.parametrize(
    ("findings", "flags"),
    [
        (("sharp kernel",), ("sharp_kernel",)),
        (("metal",), ("artefact:metal",)),
        (("beam hardening", "rings"), ("artefact:beam_hardening", "artefact:rings")),
        (("blurred",), ()),
        (("denoised",), ()),
    ],
)
def test_findings(findings: tuple[str, ...], flags: tuple[str, ...], model_card: ModelCard) -> None:
    assert honesty_flags(scored(findings=findings), PLAIN, model_card) == flags


def test_top_of_the_scale(model_card: ModelCard) -> None:
    quiet = replace(PLAIN, quantum_noise_hu=10.0, noise_hu=11.0)
    for score, flags in ((3.94, ()), (3.95, ("saturated",)), (4.0, ("saturated",))):
        verdict = scored(score, equivalent_noise_hu=12.0)
        assert honesty_flags(verdict, quiet, model_card) == flags


# -- filtered


def test_texture_of_a_filter(model_card: ModelCard) -> None:
    assert honesty_flags(scored(), PLAIN, model_card, filtered=True) == ("filtered",)


@pytest.mark.parametrize("finding", ["denoised", "blurred"])
def test_smooth_and_worse_than_its_noise(finding: str, model_card: ModelCard) -> None:
    quiet = replace(PLAIN, quantum_noise_hu=9.0, noise_hu=10.0)
    bad = scored(2.0, equivalent_noise_hu=40.0, findings=(finding,))
    assert honesty_flags(bad, quiet, model_card) == ("filtered",)
    assert honesty_flags(bad, None, model_card) == ("filtered",)
    # As bad as its noise makes it: a soft kernel.
    assert honesty_flags(bad, replace(PLAIN, quantum_noise_hu=30.0), model_card) == ()
    # Excellent: whatever was done has done no harm that can be told.
    good = scored(3.9, equivalent_noise_hu=15.0, findings=(finding,))
    assert honesty_flags(good, replace(quiet, quantum_noise_hu=5.0), model_card) == ()


def test_less_noise_than_any_dose_explains(model_card: ModelCard) -> None:
    quiet = replace(PLAIN, quantum_noise_hu=1.0, noise_hu=1.5)
    assert "filtered" in honesty_flags(scored(), quiet, model_card)
    none = PatientPhysics(missing={"quantum_noise_hu": Unmeasured.NO_NOISE})
    assert honesty_flags(scored(), none, model_card) == ("filtered",)
    unknown = PatientPhysics(missing={"quantum_noise_hu": Unmeasured.NO_TISSUE})
    assert honesty_flags(scored(), unknown, model_card) == ()


# -- contradiction


def test_better_than_its_noise(model_card: ModelCard) -> None:
    loud = replace(PLAIN, quantum_noise_hu=60.0, noise_hu=60.0)
    assert honesty_flags(scored(), loud, model_card) == ("contradiction",)
    assert honesty_flags(scored(equivalent_noise_hu=50.0), loud, model_card) == ()


def test_worse_than_its_noise_without_a_finding(model_card: ModelCard) -> None:
    bad = scored(0.5, equivalent_noise_hu=80.0)
    assert honesty_flags(bad, PLAIN, model_card) == ("contradiction",)
    for finding in ("motion", "streaks"):
        flags = honesty_flags(replace(bad, findings=(finding,)), PLAIN, model_card)
        assert flags == (f"artefact:{finding}",)
    assert honesty_flags(bad, PLAIN, model_card, filtered=True) == ("filtered",)
    # A sharp kernel has its noise, and explains no more than that.
    assert "contradiction" in honesty_flags(
        replace(bad, findings=("sharp kernel",)), PLAIN, model_card
    )


def test_doubt_of_the_model_counts(model_card: ModelCard) -> None:
    """Half a grade is a factor of 1.3 in noise, a grade one of 1.6."""
    loud = replace(PLAIN, quantum_noise_hu=38.0, noise_hu=38.0)
    sure, unsure = (replace(scored(3.0), interval=(3 - d, 3 + d)) for d in (0.3, 1.0))
    assert honesty_flags(sure, loud, model_card) == ("contradiction",)
    assert honesty_flags(unsure, loud, model_card) == ()


def test_older_models_are_judged_by_the_noise_of_their_score(model_card: ModelCard) -> None:
    loud = replace(PLAIN, quantum_noise_hu=60.0, noise_hu=60.0)
    older = scored(4.0, equivalent_noise_hu=None)
    assert honesty_flags(older, loud, model_card) == ("saturated", "contradiction")
    # 4 says that the noise is at most 16 HU, 0 that it is at least 105 HU, and no more.
    quiet = replace(PLAIN, quantum_noise_hu=5.0, noise_hu=6.0)
    assert honesty_flags(older, quiet, model_card) == ("saturated",)
    useless = scored(0.0, equivalent_noise_hu=None)
    assert honesty_flags(useless, replace(loud, quantum_noise_hu=200.0), model_card) == ()
    assert honesty_flags(scored(1.0, equivalent_noise_hu=None), quiet, model_card) == (
        "contradiction",
    )


# -- outside training


def test_regions_without_a_score(model_card: ModelCard) -> None:
    trained = replace(model_card, regions=("chest", "limb"), judged=("chest",))
    limb = scored(None, region="limb", flags=("region",), findings=("metal",))
    assert honesty_flags(limb, PLAIN, trained) == ("outside_training",)
    assert honesty_flags(scored(None, flags=("air",)), None, trained) == ()


# -- scans


def flagged(*flags: str, score: float | None = 3.0, measured: bool = False) -> SliceScore:
    return scored(score, flags=flags, physics=PLAIN if measured else None)


@pytest.mark.parametrize("flag", ["filtered", "sharp_kernel", "contradiction"])
def test_what_holds_for_a_reconstruction_needs_half_of_the_slices(flag: str) -> None:
    assert scan_flags([flagged(flag), flagged(), flagged()]) == ()
    assert scan_flags([flagged(flag), flagged()]) == (flag,)


def test_slices_that_were_measured_decide() -> None:
    slices = [flagged("filtered", measured=True), *(flagged() for _ in range(9))]
    assert scan_flags(slices) == ("filtered",)
    slices = [flagged(measured=True), flagged("filtered")]
    assert scan_flags(slices) == ()


def test_one_artefact_is_enough() -> None:
    slices = [flagged(), flagged("lossy", "artefact:metal"), flagged("air", score=None)]
    assert scan_flags(slices) == ("lossy", "artefact:metal", "air")


def test_scan_is_saturated_by_its_mean_score() -> None:
    top, middle = flagged("saturated", score=4.0), flagged(score=3.0)
    assert scan_flags([top, top]) == ("saturated",)
    assert scan_flags([top, top, middle]) == ()
    assert scan_flags([]) == ()


# -- the example


def test_example_is_plain(model_card: ModelCard) -> None:
    """A score that its noise explains has no flag."""
    for hu in example()[3:6]:
        physics = measure_patient(hu, EXAMPLE_PIXEL, Acquisition())
        assert physics.quantum_noise_hu is not None
        verdict = scored(3.5, equivalent_noise_hu=1.2 * physics.quantum_noise_hu)
        filtered = is_filtered(hu, EXAMPLE_PIXEL)
        assert honesty_flags(verdict, physics, model_card, filtered=filtered) == ()


def test_noise_that_a_model_does_not_see_contradicts(model_card: ModelCard) -> None:
    hu = example()[5] + np.random.default_rng(0).normal(0, 60, example()[5].shape)
    physics = measure_patient(hu.astype(np.float32), EXAMPLE_PIXEL, Acquisition())
    verdict = scored(3.97, equivalent_noise_hu=14.0)
    assert honesty_flags(verdict, physics, model_card) == ("saturated", "contradiction")
