"""From slices to the score of a scan."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import pytest
from tests.score.made import answered, header, scan_of, scan_score, verdict

from ctiqa.cards import NoiseRule
from ctiqa.noise_scale import noise_of_score
from ctiqa.physics.reserve import dose_reserve
from ctiqa.score.examined import is_measured
from ctiqa.score.whole_scan import score_scan
from ctiqa.types import PatientPhysics, Scan, SliceScore, Unmeasured

RULE = NoiseRule(level=0.9, quantile=2.0, floor=0.1)


def measured(quantum_hu: float | None = 10.0, f50_per_mm: float | None = None) -> PatientPhysics:
    return PatientPhysics(quantum_noise_hu=quantum_hu, f50_per_mm=f50_per_mm)


def test_scan_is_the_mean_of_its_slices_and_their_intervals() -> None:
    slices = [verdict(1.0, 0), verdict(3.0, 1), verdict(None, 2)]
    whole = score_scan(Scan("1", header().source.file, tuple(s.header for s in slices)), slices)
    assert whole.score == 2.0
    assert whole.interval == (1.5, 2.5)
    assert whole.flags == ("air",)
    assert whole.warnings == ("1 of 3 slices not scored: no body in the slice",)


def test_scan_without_any_score_says_so() -> None:
    slices = [verdict(None, 0)]
    whole = score_scan(scan_score([None]).scan, slices)
    assert whole.score is None
    assert whole.interval is None
    assert whole.flags == ("air", "not_scored")


def test_scan_keeps_its_warnings_and_counts_unread_slices() -> None:
    scan = Scan("1", header().source.file, (header(0), header(1)), warnings=("mixed spacings",))
    whole = score_scan(scan, [verdict(2.0, 1)])
    assert whole.warnings == ("mixed spacings", "1 of 2 slices could not be read")
    assert whole.scan.headers == (verdict(2.0, 1).header,)


def test_noise_of_a_scan_is_the_geometric_mean_of_its_scored_slices() -> None:
    noises = ((2.0, 4.0), (3.0, 16.0), (None, 500.0))
    scan = scan_of(*(answered(score, noise_hu=noise_hu) for score, noise_hu in noises))
    assert scan.equivalent_noise_hu == pytest.approx(8.0)
    assert scan_of(answered(None)).equivalent_noise_hu is None
    assert scan_of(verdict(2.0)).equivalent_noise_hu is None


def test_interval_of_the_noise_is_the_geometric_mean_of_those_of_the_slices() -> None:
    intervals = ((4.0, 16.0), (9.0, 36.0), None)
    slices = [
        replace(answered(4.0, index), equivalent_noise_interval=interval)
        for index, interval in enumerate(intervals)
    ]
    assert scan_of(*slices).equivalent_noise_interval == pytest.approx((6.0, 24.0))
    assert scan_of(answered(4.0)).equivalent_noise_interval is None


def test_physics_of_a_scan_is_the_median_of_its_scored_slices() -> None:
    missing = {"f50_per_mm": Unmeasured.NO_EDGE, "ssde_mgy": Unmeasured.NO_CTDIVOL}
    slices = [
        answered(3.0, 0, physics=measured(10.0, f50_per_mm=0.3)),
        answered(3.0, 1, physics=PatientPhysics(quantum_noise_hu=14.0, missing=missing)),
        answered(3.0, 2),
        answered(None, 3, region="limb", physics=measured(99.0)),
    ]
    found = scan_of(*slices).physics
    assert found is not None
    assert (found.quantum_noise_hu, found.f50_per_mm, found.ssde_mgy) == (12.0, 0.3, None)
    assert found.missing == {"ssde_mgy": Unmeasured.NO_CTDIVOL}
    assert scan_of(answered(3.0)).physics is None


def test_slices_without_measures_take_the_share_of_the_nearest() -> None:
    slices = [
        answered(3.5, 0, noise_hu=20.0, physics=measured(10.0)),
        answered(3.5, 1, noise_hu=18.0),
        answered(3.5, 2, noise_hu=18.0),
        answered(3.5, 3, noise_hu=20.0, physics=measured(20.0)),
    ]
    found = scan_of(*slices)
    reserves = [each.dose_reserve for each in found.slices]
    expected = [dose_reserve(e, q) for e, q in ((20, 10), (18, 9), (18, 18), (20, 20))]
    assert reserves == pytest.approx(expected)
    assert found.dose_reserve == pytest.approx(median(each for each in expected if each))


def test_reserve_is_infinite_where_no_dose_would_do() -> None:
    worse = 2 * noise_of_score(3.0)
    found = scan_of(answered(1.0, noise_hu=worse, physics=measured(5.0)))
    assert found.dose_reserve == math.inf
    assert found.slices[0].dose_reserve == math.inf


@pytest.mark.parametrize(
    "unknown",
    [
        answered(3.0, noise_hu=12.0),
        answered(3.0, physics=measured(None)),
        answered(None, region="limb", physics=measured(10.0)),
        replace(verdict(3.0), physics=measured(10.0)),
    ],
    ids=["not measured", "no quantum noise", "no score", "older model"],
)
def test_reserve_is_unknown(unknown: SliceScore) -> None:
    found = score_scan(Scan("1", header().source.file, (unknown.header,)), [unknown], RULE)
    assert found.dose_reserve is None
    assert found.dose_reserve_interval is None
    assert found.slices[0].dose_reserve is None


def test_interval_of_the_reserve_holds_it() -> None:
    slices = [answered(4.0, 0, noise_hu=8.0, physics=measured(7.0))]
    found = score_scan(scan_score([4.0]).scan, slices, RULE)
    assert found.dose_reserve is not None
    assert found.dose_reserve_interval is not None
    low, high = found.dose_reserve_interval
    assert 0 < low < found.dose_reserve < high < 1


def foreign(flag: str, index: int) -> SliceScore:
    return replace(verdict(None, index), flags=(flag,))


@pytest.mark.parametrize("flag", ["not_hu", "outside_training"])
def test_a_scan_is_of_one_kind(flag: str) -> None:
    """Most of the slices of a long scan are not examined, and need not look foreign."""
    count = 40
    slices = [foreign(flag, k) if is_measured(k, count) else answered(3.0, k) for k in range(count)]
    found = scan_of(*slices)
    assert found.score is None
    assert found.flags == (flag, "not_scored")
    assert all(each.score is None and flag in each.flags for each in found.slices)


def test_a_few_foreign_slices_do_not_condemn_a_scan() -> None:
    slices = [answered(3.0, k) for k in range(38)]
    found = scan_of(foreign("not_hu", 0), foreign("not_hu", 1), *slices)
    assert found.score == 3.0
    limbs = [
        replace(answered(None, k, region="limb"), flags=("region", "outside_training"))
        for k in range(6)
    ]
    assert scan_of(*limbs, answered(2.0, 6)).score == 2.0
