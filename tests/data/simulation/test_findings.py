"""What is wrong with a simulated slice: yes, no, or too faint to tell."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.data.collection import patient_slice

from ctiqa.data.simulation.artefacts import ARTEFACT_KINDS
from ctiqa.data.simulation.degrade import Degradation, acquire, finish
from ctiqa.data.simulation.findings import ARTEFACT_FINDINGS, findings_of
from ctiqa.data.simulation.scene import Scene, make_scene
from ctiqa.physics.kernels import SHARP_KERNEL, STANDARD_KERNEL
from ctiqa.recipe.network import FINDINGS


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene(
        patient_slice(3),
        (2.8, 2.8),
        STANDARD_KERNEL,
        np.random.default_rng(0),
        draws=1,
        artefact_kinds=6,
        artefact_rng=np.random.default_rng(1),
    )


def found(scene: Scene, degradation: Degradation) -> dict[str, float]:
    acquired = acquire(scene, degradation)
    image = finish(acquired, scene, degradation)
    return dict(findings_of(scene, degradation, acquired, image))


def test_nothing_is_wrong_with_the_slice_itself(scene: Scene) -> None:
    assert found(scene, Degradation()) == dict.fromkeys(FINDINGS, 0.0)


def test_low_dose_alone_is_no_finding(scene: Scene) -> None:
    assert set(found(scene, Degradation(dose=0.1)).values()) == {0.0}


@pytest.mark.parametrize("kind", ARTEFACT_KINDS)
def test_a_strong_artefact_is_found_and_a_faint_one_is_left_open(scene: Scene, kind: str) -> None:
    name = ARTEFACT_FINDINGS[kind]
    rms = scene.artefacts[kind].rms_hu
    strong = found(scene, Degradation(artefact=kind, strength=100 / rms))
    assert strong[name] == 1
    others = {k: v for k, v in strong.items() if k not in {name, "streaks"}}
    assert set(others.values()) == {0.0}
    faint = found(scene, Degradation(artefact=kind, strength=0.5 / rms))
    assert math.isnan(faint[name])


def test_few_views_are_streaks(scene: Scene) -> None:
    assert found(scene, Degradation(views=60))["streaks"] == 1
    drowned = replace(scene)
    drowned.__dict__["own_noise_hu"] = 1000 * scene.streak_rms[60]
    assert math.isnan(found(drowned, Degradation(views=60))["streaks"])


@pytest.mark.parametrize(
    ("filtered", "name"),
    [
        (Degradation(filter="gaussian", filter_strength=4.0), "blurred"),
        (Degradation(filter="resampled", filter_strength=4.0), "blurred"),
        (Degradation(filter="median", filter_strength=9.0), "denoised"),
        (Degradation(filter="total variation", filter_strength=0.5), "denoised"),
    ],
)
def test_strong_filters_are_found(scene: Scene, filtered: Degradation, name: str) -> None:
    strong = found(scene, filtered)
    other = {"blurred": "denoised", "denoised": "blurred"}[name]
    assert strong[name] == 1
    assert math.isnan(strong[other])
    assert math.isnan(strong["sharp kernel"])
    faint = found(scene, replace(filtered, filter_share=1e-4))
    assert math.isnan(faint[name])


def test_file_formats_are_neither_blur_nor_denoising(scene: Scene) -> None:
    lossy = found(scene, Degradation(filter="JPEG", filter_strength=95.0))
    assert math.isnan(lossy["blurred"])
    assert math.isnan(lossy["denoised"])


def test_sharp_kernels_are_found(scene: Scene) -> None:
    sharper = Degradation(kernel_half_per_mm=0.65, kernel_boost=1.0)
    assert found(scene, sharper)["sharp kernel"] == 1
    between = Degradation(kernel_half_per_mm=0.46, kernel_boost=0.3)
    assert math.isnan(found(scene, between)["sharp kernel"])
    native = replace(scene, kernel=SHARP_KERNEL)
    assert found(native, Degradation())["sharp kernel"] == 1
