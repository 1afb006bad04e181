"""What is said of differences: only what is shown, and in which words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.diff.made import measured_scan, measured_slice, scattered

from ctiqa.diff.differences import Difference, differences_of
from ctiqa.diff.kinds import Kinds, kinds_of, notes_on
from ctiqa.diff.matching.along_z import match_positions
from ctiqa.diff.matching.by_region import match_regions
from ctiqa.diff.matching.relation import Relation
from ctiqa.diff.measures import MEASURES
from ctiqa.diff.verdict import Code, Verdict, judge
from ctiqa.types import Acquisition, SliceScore, Unmeasured

SAME = Kinds(
    kernels=(["B30f"], ["B30f"]),
    sharp=(False, False),
    thickness_mm=((5.0, 5.0), (5.0, 5.0)),
    kvp=(None, None),
    log_size=0.0,
    relation=Relation.SAME_FRAME,
)

BASE = {
    "score": 3.0,
    "equivalent_noise_hu": 25.0,
    "quantum_noise_hu": 10.0,
    "noise_hu": 11.0,
    "noise_mean_per_mm": 0.3,
    "f50_per_mm": 0.35,
}


def differences(**shown: float) -> dict[str, Difference]:
    """No differences but those named: factors of ratios, else differences, ± 0.02."""
    found = {}
    for measure in MEASURES:
        key, a = measure.key, BASE.get(measure.key)
        if a is None and key not in shown:
            found[key] = Difference(key, why="it is unknown")
            continue
        a = a or 1.0
        change = shown.get(key, 1.0 if measure.ratio else 0.0)
        value = math.log(change) if measure.ratio else change
        b = a * change if measure.ratio else a + change
        found[key] = Difference(key, a, b, value, value - 0.02, value + 0.02, 20)
    return found


def said(**shown: float) -> str:
    return " ".join(judge(differences(**shown), SAME).sentences)


@pytest.mark.parametrize(
    ("noise", "sharp", "code"),
    [
        (0.62, 0.78, Code.SMOOTHER),
        (0.62, 1.0, Code.LESS_NOISE),
        (0.62, 1.3, Code.BETTER),
        (1.0, 0.78, Code.LESS_SHARP),
        (1.0, 1.0, Code.NO_DIFFERENCE),
        (1.0, 1.3, Code.SHARPER),
        (1.5, 0.78, Code.WORSE),
        (1.5, 1.0, Code.MORE_NOISE),
        (1.5, 1.3, Code.SHARPER_NOISIER),
    ],
)
def test_noise_and_sharpness_decide(noise: float, sharp: float, code: Code) -> None:
    assert judge(differences(quantum_noise_hu=noise, f50_per_mm=sharp), SAME).code is code


def test_less_noise_for_less_sharpness_is_no_gain() -> None:
    text = said(quantum_noise_hu=0.62, f50_per_mm=0.78)
    assert text.startswith(
        "B has 38 % less noise (37–39 %) and is 22 % less sharp (20–24 %): smoother, not better."
    )


def test_coarser_noise_is_smoothing_too() -> None:
    verdict = judge(differences(quantum_noise_hu=0.62, noise_mean_per_mm=-0.08), SAME)
    assert verdict.code is Code.SMOOTHER
    assert (
        "a coarser noise texture (mean frequency −0.080/mm, −0.100 to −0.060): smoother"
        in (verdict.sentences[0])
    )
    assert judge(differences(noise_mean_per_mm=0.08), SAME).code is Code.OTHER_TEXTURE


def test_no_difference_is_not_called_equal() -> None:
    assert said() == (
        "No difference in noise or sharpness can be shown. No difference in score can be shown."
    )


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        (Difference("f50_per_mm", 1.0, 1.0, -0.08, -0.09, -0.07, 20), 0),
        (Difference("f50_per_mm", 1.0, 1.0, -0.12, -0.13, -0.11, 20), -1),
        (Difference("f50_per_mm", 1.0, 1.0, -0.12, -0.25, 0.01, 20), 0),
        (Difference("score", 1.0, 1.0, 0.12, 0.05, 0.19, 20), 1),
        (Difference("score", 1.0, 1.0, 0.08, 0.05, 0.11, 20), 0),
        (Difference("score", 1.0, 1.0, 0.9, n=4), 0),
    ],
)
def test_interval_and_accuracy_must_both_allow_the_claim(found: Difference, sign: int) -> None:
    assert found.sign == sign


def test_scores_at_the_top_leave_the_equivalent_noise() -> None:
    top = differences(equivalent_noise_hu=1.3)
    top["score"] = Difference("score", 3.99, 3.97, -0.02, -0.03, -0.01, 20)
    text = " ".join(judge(top, SAME).sentences)
    assert "top of the scale, where the score cannot tell them apart" in text
    assert "the equivalent noise of B is 30 % higher (27–33 %)" in text


def test_the_score_is_said_with_its_interval() -> None:
    assert "The score of B is lower by 0.40 (0.38–0.42)." in said(score=-0.4)


def test_scores_of_a_sharp_kernel_are_not_compared() -> None:
    sharp = Kinds(
        kernels=(["B30f"], ["B70f"]),
        sharp=(False, True),
        thickness_mm=SAME.thickness_mm,
        kvp=SAME.kvp,
        log_size=0.0,
        relation=Relation.SAME_FRAME,
    )
    found = differences(score=-0.4, quantum_noise_hu=1.5, f50_per_mm=1.4)
    text = " ".join(judge(found, sharp).sentences)
    assert "sharper and noisier, not better" in text
    assert "score" not in text


def test_dose() -> None:
    half = said(ctdivol_mgy=0.5, quantum_noise_hu=1.414, dose_noise_product=1.0)
    assert "The dose of B is 50 % lower" in half
    assert "For the same quantum noise" not in half
    assert "The dose is the same" not in said(ctdivol_mgy=1.0), "the interval is ± 2 %"
    same = differences()
    same["ctdivol_mgy"] = Difference("ctdivol_mgy", 10.0, 10.0, 0.0, 0.0, 0.0, 20)
    assert "The dose is the same: CTDIvol 10.00 mGy." in judge(same, SAME).sentences


def test_the_dose_for_equal_noise_is_said_unless_sharpness_was_traded() -> None:
    better = {"quantum_noise_hu": 0.632, "dose_noise_product": 0.4}
    assert "B needs 40 % of the dose of A (39–41 %)" in said(**better)
    assert "of the dose of A" not in said(**better, f50_per_mm=0.7)
    assert "of the dose of A" not in said(**better, noise_mean_per_mm=-0.08)


def judged(a: list[SliceScore], b: list[SliceScore], *, by_region: bool = False) -> Verdict:
    found = match_regions(a, b) if by_region else match_positions(a, b)
    scans = [measured_scan(name, each) for name, each in (("A", a), ("B", b))]
    kinds = kinds_of(found, scans[0].score, scans[1].score, Relation.SAME_FRAME)
    return judge(differences_of(found, a, b), kinds)


def claims(rng: np.random.Generator, spread: float, *, by_region: bool) -> set[str]:
    """Measures in which two scans of one protocol are called different."""
    a, b = (scattered(rng, 12, spread) for _ in "ab")
    found = match_regions(a, b) if by_region else match_positions(a, b)
    return {key for key, each in differences_of(found, a, b).items() if each.sign}


@pytest.mark.parametrize("by_region", [False, True])
def test_identical_protocols_are_rarely_called_different(by_region: bool) -> None:
    """Slices that scatter by 10 % seldom differ in anything; by 30 %, not often in one measure."""
    rng = np.random.default_rng(0)
    usual, wild = (
        [claims(rng, spread, by_region=by_region) for _ in range(200)] for spread in (0.1, 0.3)
    )
    assert np.mean([bool(each) for each in usual]) <= 0.08
    for key in BASE:
        assert np.mean([key in each for each in wild]) <= 0.08, key


def test_real_differences_are_found() -> None:
    rng = np.random.default_rng(0)
    a = scattered(rng, 20, 0.1)
    b = [
        measured_slice(k, quantum_noise_hu=14.1 + 0.5 * float(rng.standard_normal()))
        for k in range(20)
    ]
    assert judged(a, b).code is Code.MORE_NOISE


def test_few_slices_show_nothing_and_it_is_said_why() -> None:
    verdict = judged([measured_slice(0)], [measured_slice(0, quantum_noise_hu=30.0)])
    assert verdict.code is Code.TOO_FEW
    assert verdict.sentences == (
        "No difference can be shown: 1 slice of each is too few for an interval, which needs 5.",
    )


def test_what_files_state_needs_one_slice() -> None:
    doses = [[measured_slice(0, acquisition=Acquisition(ctdivol_mgy=d))] for d in (10.0, 5.0)]
    assert judged(*doses).sentences[1:] == (
        "The dose of B is 50 % lower: CTDIvol 5.00 instead of 10.00 mGy.",
    )


def test_why_a_measure_is_missing() -> None:
    lost: dict[str, Any] = {"f50_per_mm": None, "missing": {"f50_per_mm": Unmeasured.NO_EDGE}}
    a, b = ([measured_slice(k, **lost) for k in range(6)] for _ in "ab")
    found = differences_of(match_positions(a, b), a, b)
    assert found["f50_per_mm"].why == "there is too little smooth skin that borders on air"
    assert found["figure_of_merit"].why == "the files do not state CTDIvol"
    assert found["dose_noise_product"].why == "the files do not state CTDIvol"
    assert "Sharpness cannot be compared: there is too little smooth skin" in " ".join(
        judged(a, b).sentences
    )


def test_infinite_reserves_are_not_compared() -> None:
    a, b = ([measured_slice(k, quantum_noise_hu=None) for k in range(6)] for _ in "ab")
    assert differences_of(match_positions(a, b), a, b)["dose_reserve"].n == 0


def notes(a: list[SliceScore], b: list[SliceScore], relation: Relation, *, by_region: bool) -> str:
    found = match_regions(a, b) if by_region else match_positions(a, b)
    scans = [measured_scan(name, each) for name, each in (("A", a), ("B", b))]
    kinds = kinds_of(found, scans[0].score, scans[1].score, relation)
    return "; ".join(notes_on(kinds, found, a, b))


def test_what_else_differs_is_noted() -> None:
    soft = Acquisition(kernel="B30f", slice_thickness_mm=5.0, kvp=120.0)
    other = Acquisition(kernel="B70f", slice_thickness_mm=1.0, kvp=100.0)
    a = [measured_slice(k, acquisition=soft) for k in range(6)]
    b = [
        measured_slice(k, acquisition=other, findings=("sharp kernel",), size_mm=310.0)
        for k in range(6)
    ]
    text = notes(a, b, Relation.DIFFERENT, by_region=True)
    assert "the kernels differ (B30f and B70f) and one is sharp" in text
    assert "scores are comparable only within a kernel" in text
    assert "slices of different thickness (5 mm and 1 mm)" in text
    assert "different tube voltages (120 kVp and 100 kVp)" in text
    assert "the difference includes that of the patients" in text
    assert "3.3 % larger in the slices of B" in text


def test_alike_scans_have_no_notes() -> None:
    a, b = ([measured_slice(k) for k in range(6)] for _ in "ab")
    assert notes(a, b, Relation.SAME_FRAME, by_region=False) == ""


def test_mixed_kernels_and_unknown_regions_are_noted() -> None:
    mixed = [
        measured_slice(k, region=None, acquisition=Acquisition(kernel=("B30f", "B70f")[k % 2]))
        for k in range(6)
    ]
    text = notes(mixed, mixed, Relation.UNKNOWN, by_region=True)
    assert "A mixes kernels (B30f, B70f)" in text
    assert "matched by size alone" in text
    assert "whether both scans are of one patient" in text
