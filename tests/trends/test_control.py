"""Periods, baselines and limits."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from tests.trends.made import MONDAY, Change, archive, one_chart

from ctiqa.errors import UsageError
from ctiqa.trends import ControlChart, trends
from ctiqa.trends.control.baseline import baseline_periods
from ctiqa.trends.control.limits import course_of, tail_of, without_odd
from ctiqa.trends.control.periods import Periods, periods_of
from ctiqa.trends.control.spread import LEAST_BETWEEN, spread_of

WEEKS = np.arange(20).astype("datetime64[W]").astype("datetime64[D]")


def chart(frame: pl.DataFrame, measure: str = "noise", **options: object) -> ControlChart:
    charts = trends(frame, **options).charts  # type: ignore[arg-type]
    return next(each for each in charts if each.measure == measure)


def drawn(sizes: list[int], between: float = 0.0, seed: int = 0) -> Periods:
    """Periods of normal scans with a standard deviation of 0.2."""
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    values = draw.normal(0, 0.2, labels.size) + draw.normal(0, between, len(sizes))[labels]
    days = labels.astype("datetime64[D]")
    return periods_of(days, np.zeros(labels.size, np.intp), values)


def first(periods: Periods, count: int) -> np.ndarray:
    return np.arange(periods.n.size) < count


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ([10] * 20, 8),
        ([10] * 12, 8),
        ([10] * 5, 3),
        ([4] * 20, 10),
        ([10] * 4, 3),
        ([10] * 2, 0),
        ([5] * 4, 0),
        ([2] * 20, 0),
    ],
)
def test_the_baseline_is_the_beginning(counts: list[int], wanted: int) -> None:
    days = WEEKS[: len(counts)]
    chosen = baseline_periods(days, np.array(counts), "week", None)
    assert chosen.tolist() == [index < wanted for index in range(len(counts))]


def test_weeks_with_few_scans_do_not_count() -> None:
    counts = np.array([10, 2, 10, 10, 1, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10])
    chosen = baseline_periods(WEEKS[:16], counts, "week", None)
    assert np.flatnonzero(chosen).tolist() == [0, 2, 3, 5, 6, 7, 8, 9]


def test_a_stated_baseline_overlaps() -> None:
    stated = (date(1970, 1, 20), date(1970, 2, 5))
    chosen = baseline_periods(WEEKS, np.full(20, 10), "week", stated)
    days = [day.item() for day in WEEKS[chosen]]
    assert days[0] <= stated[0] < days[1]
    assert days[-1] <= stated[1] < days[-1] + timedelta(days=7)


def test_the_scatter_of_scans_and_the_least_between_periods() -> None:
    spread = spread_of(periods := drawn([50] * 40), first(periods, 40), LEAST_BETWEEN)
    assert spread.within == pytest.approx(0.2, rel=0.06)
    assert spread.between == LEAST_BETWEEN


def test_scatter_between_periods_is_found() -> None:
    spread = spread_of(periods := drawn([50] * 40, 0.1), first(periods, 40), LEAST_BETWEEN)
    assert spread.between == pytest.approx(0.1, rel=0.3)


def test_limits_are_wider_for_few_scans_and_for_a_short_baseline() -> None:
    periods = drawn([10, 40] * 10)
    long, short = (spread_of(periods, first(periods, count), LEAST_BETWEEN) for count in (20, 3))
    limit = course_of(periods, long, 0.001).limit
    assert limit[0] > 1.5 * limit[1]
    short = type(short)(short.centre, long.within, long.between, short.centre_error, short.freedom)
    assert (course_of(periods, short, 0.001).limit > 1.05 * limit).all()


def test_an_odd_period_of_the_baseline_does_not_hide_itself() -> None:
    periods = drawn([20] * 8)
    means = periods.means.copy()
    means[3] += 0.4
    odd = Periods(periods.days, periods.n, periods.sizes, means, periods.labels, periods.deviations)
    kept = without_odd(odd, first(odd, 8), LEAST_BETWEEN, 0.003)
    assert np.flatnonzero(~kept).tolist() == [3]
    assert without_odd(periods, first(periods, 8), LEAST_BETWEEN, 0.003).all()


def test_an_odd_week_of_the_baseline_does_not_count() -> None:
    found = chart(one_chart(30, changes=[Change(3, 3, dose=0.5)]), "dose")
    assert found.baseline is not None
    assert found.baseline.n_periods == 7
    assert not found.points[3].in_baseline
    assert found.note == "1 period(s) of the baseline are out of control and do not count"
    assert found.centre == pytest.approx(chart(one_chart(30), "dose").centre, rel=0.03)


def test_an_ewma_is_a_weighted_mean() -> None:
    periods = drawn([30] * 12)
    spread = spread_of(periods, first(periods, 8), LEAST_BETWEEN)
    course = course_of(periods, spread, 0.01)
    weights = 0.2 * 0.8 ** np.arange(11, -1, -1)
    assert course.ewma[-1] == pytest.approx(weights @ course.value)
    deviation = spread.of_means(periods.sizes)
    variance = (weights**2) @ deviation**2 + spread.centre_error**2
    ratio = course.ewma_limit[-1] / course.limit[-1]
    assert ratio == pytest.approx(np.sqrt(variance / (deviation[-1] ** 2 + spread.centre_error**2)))


def test_more_charts_and_fewer_alarms_widen_limits() -> None:
    assert tail_of(1.0, 10, "week") < tail_of(1.0, 1, "week") < tail_of(2.0, 1, "week")
    assert tail_of(1.0, 1, "day") < tail_of(1.0, 1, "month")
    frame = one_chart(30)
    wide, narrow = (chart(frame, false_alarms_per_year=rate).points[0] for rate in (0.1, 5.0))
    assert None not in (wide.upper, narrow.upper, wide.lower, narrow.lower)
    assert wide.upper > narrow.upper  # type: ignore[operator]
    assert wide.lower < narrow.lower  # type: ignore[operator]


def test_reconstructions_of_one_acquisition_are_not_independent() -> None:
    """Three reconstructions of every scan: no more is known than from one."""
    one = one_chart(15)
    several = pl.concat(
        one.with_columns(
            series_uid=pl.col("series_uid") + f".{index}",
            content=pl.col("content") + f".{index}",
            kernel=pl.lit(kernel),
            equivalent_noise_hu=factor * pl.col("equivalent_noise_hu"),
        )
        for index, (kernel, factor) in enumerate([("Br40", 1.0), ("Br59", 2.5), ("Br36", 0.8)])
    )
    alone, together = chart(one), chart(several)
    assert together.n == 3 * alone.n
    for a, b in zip(alone.points, together.points, strict=True):
        assert a.upper is not None
        assert b.upper is not None
        ratios = (a.upper / alone.centre, b.upper / together.centre)
        assert ratios[1] == pytest.approx(ratios[0], rel=0.05)


def test_a_new_kernel_is_left_out_and_counted() -> None:
    frame = one_chart(20)
    late = pl.col("study_day") >= MONDAY + timedelta(weeks=10)
    kernel = pl.when(late).then(pl.lit("Qr40")).otherwise(pl.col("kernel"))
    found = chart(frame.with_columns(kernel=kernel))
    assert len(found.points) == 10
    assert found.n_other == frame.filter(late).height
    assert found.note is not None
    assert "a kernel or thickness that the baseline does not have" in found.note


def test_a_week_of_large_patients_is_no_alarm() -> None:
    frame = one_chart(30, changes=[Change(9, 9, size_cm=6.0)], seed=5)
    assert trends(frame).alarms == ()
    unknown = frame.with_columns(
        water_equivalent_diameter_mm=pl.lit(None, pl.Float64), ssde_mgy=pl.lit(None, pl.Float64)
    )
    assert trends(unknown).alarms != ()


def test_courses_by_day_and_month() -> None:
    frame = archive(6000, weeks=26)
    for every, starts in (("day", 130), ("month", 6)):
        found = trends(frame, every=every)  # type: ignore[arg-type]
        assert found.every == every
        assert {each.every for each in found.charts} == {every}
        assert max(len(each.points) for each in found.charts) == pytest.approx(starts, abs=1)


def test_a_stated_baseline_is_used() -> None:
    stated = (MONDAY + timedelta(weeks=4), MONDAY + timedelta(weeks=7, days=6))
    found = chart(one_chart(20), baseline=stated)
    assert found.baseline is not None
    assert found.baseline.stated
    assert (found.baseline.first, found.baseline.last) == stated
    assert [each.in_baseline for each in found.points] == [4 <= week <= 7 for week in range(12)]


def test_a_baseline_without_scans_gives_no_limits() -> None:
    found = chart(one_chart(20), baseline=(date(2020, 1, 1), date(2020, 3, 1)))
    assert found.baseline is None
    assert found.alarms == ()
    assert all(each.upper is None and each.ewma is None for each in found.points)
    assert found.note is not None
    assert "too few scans in the baseline" in found.note


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("every", "year", "'every' must be one of day, week, month, got 'year'"),
        ("baseline", (date(2026, 2, 1), date(2026, 1, 1)), "must begin before it ends"),
        ("false_alarms_per_year", 0.0, "must be > 0 and at most 365, got 0"),
        ("false_alarms_per_year", float("nan"), "must be > 0"),
    ],
)
def test_options_out_of_range_are_refused(option: str, value: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        trends(one_chart(5), **{option: value})  # type: ignore[arg-type]
