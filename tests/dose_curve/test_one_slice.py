"""The curve of one slice, and why there may be none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from tests.dose_curve.made import body, judge, score, slice_of

from ctiqa.dose_curve.one_slice import NoCurveError, curve_of_slice
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.result import SliceCurve
from ctiqa.noise_scale import noise_of_score
from ctiqa.types import HuImage, Slice, SliceScore

LEVEL = 12.0
PLAN = Plan(doses=(0.6, 0.4, 0.25, 0.15, 0.08), draws=2)


@pytest.fixture(scope="module")
def curve() -> SliceCurve:
    pytest.importorskip("numba")
    image = slice_of(body(LEVEL))
    return curve_of_slice(image, score(image), judge, PLAN)


def why(image: Slice, verdict: SliceScore | None = None) -> NoCurveError:
    pytest.importorskip("numba")
    with pytest.raises(NoCurveError) as caught:
        curve_of_slice(image, verdict or score(image), judge, PLAN)
    return caught.value


def test_the_score_falls_with_the_dose(curve: SliceCurve) -> None:
    assert curve.scores.shape == (6, 2)
    assert curve.means[0] == score(slice_of(body(LEVEL))).score
    assert (np.diff(curve.means) <= 0).all()
    assert curve.means[-1] < 2
    assert curve.spread[0] == 0
    assert 0 < curve.spread[-1] < 0.3


def test_the_reserve_is_the_dose_at_which_noise_reaches_that_of_the_target(
    curve: SliceCurve,
) -> None:
    true = (LEVEL / noise_of_score(3.0)) ** 2
    # Inserted noise is louder in the middle of the body, where the scorer looks, by a tenth.
    assert curve.reserve.dose == pytest.approx(true, rel=0.3)
    assert curve.quick_reserve.dose == pytest.approx(true, rel=0.2)
    assert curve.reserve.agrees_with(curve.quick_reserve, PLAN.doses[-1])


def test_the_quick_scores_follow_the_simulated_ones(curve: SliceCurve) -> None:
    assert np.abs(curve.quick_scores - curve.means).max() < 0.3


def test_another_slice_of_the_run_has_other_noise() -> None:
    pytest.importorskip("numba")
    image = slice_of(body(LEVEL))
    plan = Plan(doses=(0.2,), draws=1)
    first, again, other = (
        curve_of_slice(image, score(image), judge, plan, number=number).noise_hu[1, 0]
        for number in (0, 0, 1)
    )
    assert first == again != other


def test_a_missing_score_is_nan() -> None:
    pytest.importorskip("numba")
    image = slice_of(body(LEVEL))

    def abstaining(images: object) -> list[SliceScore]:
        return [replace(each, score=None) for each in judge(images)]  # type: ignore[arg-type]

    found = curve_of_slice(image, score(image), abstaining, Plan(doses=(0.2,)))
    assert np.isnan(found.means).tolist() == [False, True]


def median_filtered(hu: HuImage) -> HuImage:
    return np.asarray(ndimage.median_filter(hu, 5), dtype=np.float32)


def test_slices_that_cannot_be_extrapolated_say_why() -> None:
    image = slice_of(body(LEVEL))
    known = score(image)
    reasons = {
        "region": why(image, replace(known, score=None, flags=("lossy", "region"), region="head")),
        "no_equivalent_noise": why(image, replace(known, equivalent_noise_hu=None)),
        "no_spacing": why(slice_of(image.hu, spacing_mm=None), known),
        "filtered": why(slice_of(median_filtered(image.hu)), known),
        "field_of_view": why(slice_of(image.hu, spacing_mm=(6.0, 6.0)), known),
    }
    assert {code: error.reason for code, error in reasons.items()} == {
        code: code for code in reasons
    }
    assert "(head)" in reasons["region"].detail
    assert "cannot be extrapolated" in reasons["filtered"].detail


def test_an_image_without_noise_has_no_curve() -> None:
    pytest.importorskip("numba")
    image = slice_of(body(0.0))
    known = replace(score(slice_of(body())), header=image.header)
    with pytest.raises(NoCurveError) as caught:
        curve_of_slice(image, known, judge, PLAN)
    assert caught.value.reason in {"filtered", "no_noise"}
