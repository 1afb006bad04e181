"""All measurements of a slice together: values where they can be measured, reasons where not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.physics.patient.made import AIR, Ellipse, Floats, Image, disc, noise, painted, stored

import ctiqa
from ctiqa.errors import UsageError
from ctiqa.io.formats import read_here
from ctiqa.physics import PatientPhysics, Unmeasured, measure_patient, size_specific_dose
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.physics.patient.measure import NAMES
from ctiqa.types import Acquisition, Slice

SIDE, SPACING = 512, 0.7
PIXEL = (SPACING, SPACING)
KNOWN = Acquisition(ctdivol_mgy=10.0, ctdi_phantom_cm=32.0)


@cache
def trunk() -> Image:
    parts = [
        Ellipse(-105, 150, 110),
        Ellipse(55, 130, 90),
        Ellipse(-850, 40, 50, -60),
        Ellipse(600, 16, 14, 0, 60),
    ]
    hu = painted(parts, SIDE, SPACING, sigma_mm=0.6)
    made = noise(hu.shape, SPACING, STANDARD_KERNEL, np.random.default_rng(0))
    image = stored(hu + 12 * made)
    image.setflags(write=False)
    return image


def head() -> Image:
    parts = [
        Ellipse(30, 75, 95),
        Ellipse(1200, 70, 90),
        Ellipse(32, 63, 83),
        Ellipse(5, 8, 25),
    ]
    hu = painted(parts, SIDE, 0.45)
    return stored(hu + 4 * np.random.default_rng(0).standard_normal(hu.shape))


def test_every_value() -> None:
    found = measure_patient(trunk(), PIXEL, KNOWN)
    assert found.missing == {}
    assert found.noise_hu == pytest.approx(12, rel=0.10)
    assert found.quantum_noise_hu == pytest.approx(12, rel=0.10)
    assert found.noise_mean_per_mm == pytest.approx(0.33, abs=0.03)
    assert found.noise_peak_per_mm == pytest.approx(0.27, abs=0.08)
    assert found.f50_per_mm == pytest.approx(0.312, rel=0.06)
    assert found.fat_hu == pytest.approx(-105, abs=3)
    assert found.muscle_hu == pytest.approx(55, abs=3)
    assert found.contrast_to_noise == pytest.approx(160 / 12, rel=0.12)
    assert found.cut_share == 0
    area = 0.895 * 150 * 110 + 0.16 * 130 * 90 - 0.905 * 40 * 50 + 0.545 * 16 * 14
    assert found.water_equivalent_diameter_mm == pytest.approx(2 * area**0.5, rel=0.003)
    assert found.effective_diameter_mm == pytest.approx(2 * (150 * 110) ** 0.5, rel=0.01)
    assert found.ssde_mgy == size_specific_dose(10, 32, found.water_equivalent_diameter_mm or 0)
    assert found.figure_of_merit == pytest.approx(1 / (12**2 * 10), rel=0.20)


def lacks(found: PatientPhysics) -> dict[str, str]:
    """The reasons, after a check that every value or its reason is there, never both."""
    for name in NAMES:
        assert (getattr(found, name) is None) == (name in found.missing), name
    assert set(found.missing) <= set(NAMES)
    return {name: reason.value for name, reason in found.missing.items()}


DOSE = {"ssde_mgy": "no_ctdivol", "figure_of_merit": "no_ctdivol"}


@pytest.mark.parametrize(
    ("acquisition", "expected"),
    [
        (Acquisition(), DOSE),
        (Acquisition(ctdivol_mgy=0.0, ctdi_phantom_cm=32.0), DOSE),
        (Acquisition(ctdivol_mgy=10.0), {"ssde_mgy": "phantom_unknown"}),
        (replace(KNOWN, body_part="CHEST"), {}),
        (replace(KNOWN, body_part="HEAD"), {"ssde_mgy": "not_trunk"}),
        (replace(KNOWN, body_part="Knee"), {"ssde_mgy": "not_trunk"}),
    ],
    ids=["no dose", "zero", "no phantom", "chest", "head", "knee"],
)
def test_what_the_file_does_not_state(acquisition: Acquisition, expected: dict[str, str]) -> None:
    assert lacks(measure_patient(trunk(), PIXEL, acquisition)) == expected


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("abdomen", {}),
        ("limb", {"ssde_mgy": "not_trunk"}),
        ("phantom", {"ssde_mgy": "not_trunk"}),
        (
            "head",
            dict.fromkeys(("fat_hu", "muscle_hu", "contrast_to_noise", "ssde_mgy"), "not_trunk"),
        ),
    ],
)
def test_what_a_model_says_counts_before_the_file(region: str, expected: dict[str, str]) -> None:
    acquisition = replace(KNOWN, body_part="FOOT" if region == "abdomen" else "CHEST")
    assert lacks(measure_patient(trunk(), PIXEL, acquisition, region=region)) == expected


def test_a_skull_is_seen_though_nothing_says_head() -> None:
    found = measure_patient(head(), (0.45, 0.45), replace(KNOWN, ctdi_phantom_cm=16.0))
    for name in ("fat_hu", "muscle_hu", "contrast_to_noise", "ssde_mgy"):
        assert lacks(found)[name] == "not_trunk"
    assert found.noise_hu == pytest.approx(4, rel=0.15)
    # Of three ellipses of 75×95, 70×90, 63×83 mm.
    area = 1.030 * 75 * 95 + 1.170 * 70 * 90 - 1.168 * 63 * 83 - 0.027 * 8 * 25
    assert found.water_equivalent_diameter_mm == pytest.approx(2 * area**0.5, rel=0.004)


def test_without_spacing() -> None:
    found = measure_patient(trunk(), None, KNOWN)
    assert set(lacks(found).values()) == {"no_spacing"}
    assert found.noise_hu == measure_patient(trunk(), PIXEL, KNOWN).noise_hu
    assert found.contrast_to_noise is not None
    assert found.figure_of_merit is not None
    assert found.ssde_mgy is found.f50_per_mm is found.quantum_noise_hu is None


def test_cut_off_by_the_field_of_view() -> None:
    found = measure_patient(trunk()[:, 90:], PIXEL, KNOWN)
    assert (found.cut_share or 0) > 0.1
    lost = ("water_equivalent_diameter_mm", "effective_diameter_mm", "ssde_mgy")
    assert lacks(found) == dict.fromkeys(lost, "body_cut_off")


@pytest.mark.parametrize(
    "hu",
    [
        np.full((512, 512), AIR, dtype=np.float32),
        np.zeros((1, 1), dtype=np.float32),
        np.full((512, 3), 40, dtype=np.float32),
    ],
    ids=["air", "one pixel", "a strip"],
)
def test_no_body_has_nothing(hu: Image) -> None:
    assert lacks(measure_patient(hu, PIXEL, KNOWN)) == dict.fromkeys(NAMES, "no_body")


def flat(value: float) -> Floats:
    return np.full((256, 256), value)


@pytest.mark.parametrize(
    "hu",
    [
        flat(40),
        flat(3000),
        np.random.default_rng(0).normal(0, 300, (256, 256)),
        np.where(disc(100) > -500, 40, AIR),
        disc(100, 40)[:40],
        painted([Ellipse(40, 100, 20)], 256, 1.4),
        painted([Ellipse(-850, 100, 80)], 256, 1.4),
        -np.abs(disc(100, -500)),
        stored(disc(40, 40, side=64, spacing_mm=1.4)),
    ],
    ids=["full", "bone", "noise", "no noise", "part", "thin", "lung", "negative", "small"],
)
def test_whatever_comes_there_is_an_answer(hu: Floats) -> None:
    found = measure_patient(hu.astype(np.float32), PIXEL, KNOWN)
    lacks(found)
    values = [getattr(found, name) for name in NAMES]
    assert all(value is None or np.isfinite(value) for value in values)


@pytest.mark.parametrize(
    ("hu", "spacing_mm", "message"),
    [
        (np.zeros((2, 64, 64), np.float32), PIXEL, r"'hu' must be \[rows, cols\]"),
        (np.zeros((64, 64), np.float32), (0.7, 0.0), "'spacing_mm' must be > 0"),
        (np.zeros((64, 64), np.float32), (float("nan"), 0.7), "'spacing_mm' must be > 0"),
    ],
)
def test_wrong_arguments(hu: Image, spacing_mm: tuple[float, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        measure_patient(hu, spacing_mm, KNOWN)


def test_the_same_every_time_and_the_image_is_left_alone() -> None:
    hu = trunk().copy()
    first, second = (measure_patient(hu, PIXEL, KNOWN) for _ in range(2))
    assert first == second
    np.testing.assert_array_equal(hu, trunk())


def example() -> list[Slice]:
    folder = Path(ctiqa.__file__).parent / "assets" / "example"
    return [read_here(header) for header in ctiqa.read_scans(folder).scans[0].headers]


def test_real_slices_have_plausible_values() -> None:
    """A chest, Siemens B40f, 8 mm: shoulders to liver; arms up, later cut off at the sides."""
    found = [
        measure_patient(each.hu, each.header.spacing_mm, each.header.acquisition)
        for each in example()
    ]
    for each in found:
        assert lacks(each)["ssde_mgy"] == "no_ctdivol"
        assert each.quantum_noise_hu == pytest.approx(each.noise_hu, rel=0.2)
        assert -125 < (each.fat_hu or 0) < -90
        assert 20 < (each.muscle_hu or 0) < 70
        assert 0.15 < (each.f50_per_mm or 0) < 0.4
        assert 0.18 < (each.noise_peak_per_mm or 0) < 0.35
    # One kernel, one spectrum.
    means = [each.noise_mean_per_mm or 0 for each in found]
    assert np.std(means) < 0.08 * np.mean(means)
    widths = [each.water_equivalent_diameter_mm for each in found]
    assert all(width is None or 220 < width < 300 for width in widths)
    assert [width is None for width in widths] == sorted(width is None for width in widths)
    assert 3 < sum(width is None for width in widths) < 8


def test_no_compiler_is_loaded() -> None:
    """Measuring a slice must not wait for numba."""
    program = (
        "import sys; sys.modules['numba'] = None; import numpy as np\n"
        "from ctiqa.physics import measure_patient; from ctiqa.types import Acquisition\n"
        "print(measure_patient(np.full((9, 9), 4.0), None, Acquisition()).missing['noise_hu'])\n"
        "print('ctiqa.physics._jit' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["no_body", "False"]


def test_reasons_are_fixed() -> None:
    assert [each.value for each in Unmeasured] == [
        "no_spacing",
        "no_body",
        "body_cut_off",
        "no_tissue",
        "no_uniform_tissue",
        "no_edge",
        "no_fat",
        "no_muscle",
        "no_noise",
        "no_ctdivol",
        "phantom_unknown",
        "size_out_of_range",
        "not_trunk",
    ]
