"""Methods whose verdict is known, from pixels to words."""

from __future__ import annotations

import numpy as np
import pytest
from tests.benchmarking.made import SLICES, blurred, full_dose, low_dose

import ctiqa
from ctiqa import Benchmark, DataError, NothingToDoError, Scorer, UsageError


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("blur", "smoother, not better"),
        ("halfway", "better"),
        ("truth", "better"),
        ("nothing", "no difference shown"),
        ("sharpen", "worse"),
        ("brighter", "contradiction: the score rises though fidelity falls"),
    ],
)
def test_verdict(found: Benchmark, name: str, verdict: str) -> None:
    (method,) = (each for each in found.methods if each.name == name)
    assert method.verdict.text == verdict
    assert method.verdict.rests_on


def change(found: Benchmark, name: str, key: str) -> float:
    (method,) = (each for each in found.methods if each.name == name)
    difference = method.changes[key]
    assert difference is not None
    assert difference.low <= difference.value <= difference.high
    assert difference.n == SLICES
    return difference.value


def test_blur_costs_edges_and_coarsens_the_noise(found: Benchmark) -> None:
    assert change(found, "blur", "edge_loss") > 0.3
    assert change(found, "blur", "noise_hu") < -10
    assert change(found, "blur", "noise_mean_per_mm") < -0.05


def test_sharpening_gains_edges_and_noise(found: Benchmark) -> None:
    assert change(found, "sharpen", "edge_loss") < -0.1
    assert change(found, "sharpen", "noise_hu") > 5
    assert change(found, "sharpen", "noise_mean_per_mm") > 0.02


def test_halving_the_error_gains_six_decibels(found: Benchmark) -> None:
    assert change(found, "halfway", "psnr_db") == pytest.approx(20 * np.log10(2), abs=0.2)
    assert abs(change(found, "halfway", "edge_loss")) < 0.02


def test_noise_is_not_mistaken_for_edges(found: Benchmark) -> None:
    assert abs(found.input.means["edge_loss"]) < 0.03


def test_the_reference_has_no_fidelity_and_the_model_no_equivalent_noise(found: Benchmark) -> None:
    assert "psnr_db" not in found.reference.means
    assert "noise_hu" in found.reference.means
    assert all("equivalent_noise_hu" not in each.means for each in (found.input, *found.methods))
    assert all(each.changes["equivalent_noise_hu"] is None for each in found.methods)


def test_patients_are_resampled(scorer: Scorer) -> None:
    full, low = full_dose(), low_dose()
    patients = ["a", "a", "b", "b", "c", "c"]
    found = ctiqa.benchmark(full, low, {"m": blurred(low)}, patients=patients, scorer=scorer)
    assert (found.patients, found.scans) == (3, 3)
    assert "3 patients" in str(found)
    assert not found.per_mm
    assert "/pixel" in str(found)


def test_the_same_images_give_the_same_numbers_whatever_the_jobs(
    found: Benchmark, scorer: Scorer
) -> None:
    full, low = full_dose(), low_dose()
    calls: list[tuple[str, int, int]] = []
    again = ctiqa.benchmark(
        full,
        low,
        {"blur": blurred(low)},
        spacing_mm=(0.8, 0.8),
        scorer=scorer,
        jobs=3,
        progress=lambda *call: calls.append(call),
    )
    assert again.methods[0] == found.methods[0]
    assert calls == [("measuring", done, SLICES) for done in range(1, SLICES + 1)]


def test_slices_of_air_are_left_out(scorer: Scorer) -> None:
    full, low = full_dose(), low_dose()
    full[2], low[2] = -1000, -1001
    found = ctiqa.benchmark(full, low, {"m": (full + low) / 2}, scorer=scorer)
    assert len(found.measured) == SLICES - 1
    assert [each.reason for each in found.left_out] == ["no_body"]
    assert "not compared: reference, no body" in str(found)


FULL, LOW = full_dose(3), low_dose(3)


def with_nan() -> np.ndarray:
    bad = LOW.copy()
    bad[1, 5, 5] = np.nan
    return bad


@pytest.mark.parametrize(
    ("reference", "low", "methods", "message"),
    [
        (FULL, FULL, {"m": LOW}, "the input is identical to the reference"),
        (FULL, LOW, {"m": FULL}, "method 'm' is identical to the reference .* pass the output"),
        (FULL, LOW, {"m": LOW[:2]}, r"method 'm' must have the shape of the reference.*\(2, 256"),
        (FULL, LOW, {"m": LOW[:, :, :255]}, "must have the shape of the reference"),
        (FULL, LOW, {"m": with_nan()}, "method 'm': 'hu' must be finite"),
        (FULL, LOW / 1000, {"m": LOW}, "the input: 'hu' must be CT numbers in HU"),
        (FULL, LOW, {"m": LOW[:, :, ::-1]}, "method 'm' does not fit .* mirrored left to right"),
        (FULL, LOW, {"m": LOW[:, ::-1]}, "only if it is upside down"),
        (FULL, LOW, {}, "at least one method"),
        (FULL, LOW, {"input": LOW}, "must not be called 'input'"),
        (FULL, LOW, {" ": LOW}, "a method must have a name"),
    ],
)
def test_bad_input(
    scorer: Scorer,
    reference: np.ndarray,
    low: np.ndarray,
    methods: dict[str, np.ndarray],
    message: str,
) -> None:
    with pytest.raises((UsageError, DataError), match=message):
        ctiqa.benchmark(reference, low, methods, scorer=scorer)


def test_two_slices_are_too_few(scorer: Scorer) -> None:
    with pytest.raises(NothingToDoError, match=r"at least 3 slices .* got 2"):
        ctiqa.benchmark(FULL[:2], LOW[:2], {"m": blurred(LOW[:2])}, scorer=scorer)


def test_patients_must_be_as_many_as_slices(scorer: Scorer) -> None:
    with pytest.raises(UsageError, match="each of 3 slices, got 2"):
        ctiqa.benchmark(FULL, LOW, {"m": blurred(LOW)}, patients=["a", "b"], scorer=scorer)


def test_slices_in_another_order_are_noticed(scorer: Scorer) -> None:
    full, low = full_dose(), low_dose()
    with pytest.raises(DataError, match="matched to the wrong slices"):
        ctiqa.benchmark(full, low, {"m": blurred(low)[::-1]}, scorer=scorer)
