"""What terminal and page say of a scan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.score.made import answered, scan_of, verdict

from ctiqa.score.report.measures import REASONS, measures_text, missing_text
from ctiqa.score.report.sentences import (
    heading,
    judged,
    plain_words,
    quality,
    reserve,
    summary_rows,
)
from ctiqa.types import Acquisition, PatientPhysics, ScanScore, SliceScore, Unmeasured

PHYSICS = PatientPhysics(
    noise_hu=6.49,
    quantum_noise_hu=7.0,
    f50_per_mm=0.338,
    water_equivalent_diameter_mm=241.0,
    ssde_mgy=13.9,
)


def with_reserve(needed: float | None, interval: tuple[float, float] | None = None) -> ScanScore:
    scan = scan_of(answered(3.2, physics=PHYSICS))
    return replace(scan, dose_reserve=needed, dose_reserve_interval=interval)


def acquired(each: SliceScore, **facts: object) -> SliceScore:
    acquisition = Acquisition(**facts)  # type: ignore[arg-type]
    return replace(each, header=replace(each.header, acquisition=acquisition))


def test_heading_names_what_is_known() -> None:
    facts = {
        "kvp": 120.0,
        "kernel": "B10f",
        "slice_thickness_mm": 5.0,
        "manufacturer": "Siemens",
        "model": "Sensation 16",
    }
    scan = scan_of(acquired(answered(3.0, region="abdomen"), **facts))
    assert heading(scan) == "Abdomen · Siemens Sensation 16 · B10f 5 mm · 120 kVp"
    assert heading(scan_of(acquired(verdict(3.0), body_part="CHEST"))) == "Chest"
    assert heading(scan_of(verdict(None))) == ""


def test_quality_at_the_top_says_so_and_gives_the_noise() -> None:
    scan = replace(scan_of(answered(4.0, noise_hu=7.1)), equivalent_noise_interval=(6.5, 7.8))
    assert quality(scan).startswith("4.0 excellent (top of the scale)   90 % interval ")
    assert quality(scan).endswith("   equivalent noise 7.1 HU (6.5–7.8)")
    assert "top" not in quality(scan_of(answered(3.96)))
    assert "top" not in quality(scan_of(answered(4.0, findings=("sharp kernel",))))


@pytest.mark.parametrize(
    ("needed", "interval", "text"),
    [
        (0.09, (0.06, 0.13), 'stays "good" down to 9 % of this dose (6–13 %)'),
        (0.105, None, 'stays "good" down to 10 % of this dose'),
        (1.0, None, 'stays "good" down to 100 % of this dose'),
        (1.8, (1.2, 3.0), '"good" needs 180 % of this dose (120–300 %)'),
        (0.9, (0.5, float("inf")), 'stays "good" down to 90 % of this dose (from 50 %)'),
        (float("inf"), None, 'no dose would make it "good": what is wrong with it is not noise'),
        (None, None, ""),
    ],
)
def test_reserve(needed: float | None, interval: tuple[float, float] | None, text: str) -> None:
    assert reserve(with_reserve(needed, interval)) == text


def test_a_sharp_kernel_has_no_reserve_in_words() -> None:
    sharp = scan_of(answered(3.0, physics=PHYSICS, findings=("sharp kernel",)))
    assert sharp.dose_reserve is not None
    assert reserve(sharp) == ""
    assert plain_words(sharp).startswith("Reconstructed with a sharp kernel")


def test_every_slice_left_out_is_counted_with_its_reason() -> None:
    limbs = [answered(None, index, region="limb") for index in range(3)]
    chest = [answered(3.0, index, region="chest") for index in range(2)]
    scan = scan_of(*limbs, *chest, answered(2.0, 9, region="abdomen"), verdict(None, 10))
    assert judged(scan) == (
        "3 of 7 slices (2 chest, 1 abdomen); not judged: 3 limb, 1 no body in the slice"
    )
    assert judged(scan_of(verdict(2.0))) == "1 of 1 slices"


def test_findings_say_where_they_are() -> None:
    metal, motion = ("metal",), ("motion",)
    slices = [
        answered(3.0, 0, findings=metal),
        answered(3.0, 1, findings=motion),
        answered(3.0, 2),
        answered(3.0, 3, findings=motion),
    ]
    rows = dict(summary_rows(scan_of(*slices)))
    assert rows["Check"] == "motion in 2 slices, z 5 to 15 mm, metal in 1 slice, z 0 mm"
    nowhere = [replace(each, header=replace(each.header, z_mm=None)) for each in slices]
    assert dict(summary_rows(scan_of(*nowhere)))["Check"] == "motion in 2 slices, metal in 1 slice"
    assert "Check" not in dict(summary_rows(scan_of(answered(3.0))))


def test_what_puts_the_score_in_doubt_is_said() -> None:
    scan = replace(scan_of(answered(3.0, findings=("metal",))), flags=("filtered", "lossy"))
    text = dict(summary_rows(scan))["Check"]
    assert text.startswith("metal in 1 slice, smoother than its noise allows")
    contradicted = replace(scan, flags=("contradiction",))
    assert "contradicts the measured noise" in dict(summary_rows(contradicted))["Check"]


def test_measures_and_what_is_missing() -> None:
    scan = scan_of(acquired(answered(3.0, physics=PHYSICS), ctdivol_mgy=10.6))
    assert measures_text(scan) == (
        "6.5 HU   sharpness f50 0.34 /mm   Dw 24.1 cm   CTDIvol 10.6 mGy   SSDE 13.9 mGy"
    )
    assert missing_text(scan) == ""
    missing = {
        "f50_per_mm": Unmeasured.NO_SPACING,
        "water_equivalent_diameter_mm": Unmeasured.NO_SPACING,
        "ssde_mgy": Unmeasured.PHANTOM_UNKNOWN,
    }
    less = scan_of(answered(3.0, physics=PatientPhysics(noise_hu=8.0, missing=missing)))
    assert measures_text(less) == "8.0 HU"
    assert missing_text(less) == (
        "sharpness f50, Dw: the pixel spacing is unknown; "
        "SSDE: the files do not state the phantom of CTDIvol"
    )
    assert summary_rows(scan_of(verdict(2.0)))[-1][0] == "Judged"


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Unmeasured)


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (0.09, "still be good with 9 % of the dose"),
        (2.0, "noisier than good images"),
        (None, ""),
    ],
)
def test_plain_words(needed: float | None, words: str) -> None:
    assert words in plain_words(with_reserve(needed))


def test_plain_words_of_a_scan_without_a_score() -> None:
    assert plain_words(scan_of(verdict(None))) == "The tool does not score this scan."


def test_texts_of_a_card_cannot_steer_a_terminal() -> None:
    hostile = answered(2.0, region="a\x1b[2J", findings=("b\u202e",))
    scan = scan_of(hostile, answered(None, 1, region="c\x1b[2J"))
    texts = [heading(scan), plain_words(scan), *(text for _, text in summary_rows(scan))]
    assert all(text.isprintable() for text in texts)
