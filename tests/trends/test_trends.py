"""Trends of any store: small, empty, large, with unknown values, without days."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.store import made as stored
from tests.trends.made import Protocol, archive, one_chart

from ctiqa.store import Run, open_store
from ctiqa.store.privacy import Dates
from ctiqa.trends import trends

NUMBERS = [name for name, kind in archive(1).schema.items() if kind == pl.Float64]
TEXTS = ["station", "model", "protocol", "kernel", "region", "description", "study_day"]


@pytest.mark.parametrize("n", [0, 1, 2, 19, 20])
def test_few_scans(n: int) -> None:
    found = trends(archive(20, weeks=2).head(n))
    assert found.n == found.scans.height == n
    assert sum(each.n for each in found.groups) == n
    assert found.alarms == ()


@pytest.mark.parametrize("name", [*TEXTS, *NUMBERS])
def test_a_column_may_be_unknown(name: str) -> None:
    frame = archive(400)
    found = trends(frame.with_columns(pl.lit(None, frame.schema[name]).alias(name)))
    assert found.n == 400
    assert all(math.isfinite(p.value) for chart in found.charts for p in chart.points)
    assert all(math.isfinite(each.severity) for each in found.outliers)


def test_all_texts_and_most_numbers_may_be_unknown() -> None:
    frame = archive(200)
    unknown = [*TEXTS, *(name for name in NUMBERS if name != "score")]
    found = trends(
        frame.with_columns(pl.lit(None, frame.schema[each]).alias(each) for each in unknown)
    )
    assert [each.label for each in found.groups] == [
        "protocol unknown · scanner unknown · kernel unknown"
    ]
    assert found.n_without_day == 200
    assert found.charts == ()


def test_not_a_number_is_unknown() -> None:
    frame = archive(200).with_columns(pl.lit(math.nan).alias("ctdivol_mgy"))
    assert trends(frame).groups[0].distributions["ctdivol_mgy"] is None


def test_no_dose_of_zero() -> None:
    frame = archive(200).with_columns(pl.lit(0.0).alias("ctdivol_mgy"))
    assert {each.measure for each in trends(frame).charts} == {"noise", "score"}


def test_equal_scans() -> None:
    frame = one_chart(20).with_columns(
        pl.lit(value).alias(name)
        for name, value in {"equivalent_noise_hu": 20.0, "score": 4.0, "ctdivol_mgy": 8.0}.items()
    )
    found = trends(frame)
    assert len(found.charts) == 3
    assert found.alarms == ()
    assert [each.centre for each in found.charts] == pytest.approx([20.0, 8.0, 4.0])
    assert found.scans["percentile"].drop_nulls().is_between(49.9, 50.1).all()


def test_scans_without_a_day_are_in_no_course() -> None:
    frame = one_chart(30)
    number = pl.int_range(pl.len())
    day = pl.when(number % 3 == 0).then(None).otherwise(pl.col("study_day"))
    found = trends(frame.with_columns(study_day=day))
    assert found.n == found.groups[0].n == 360
    assert found.n_without_day == found.charts[0].n_other == 120
    assert "120 of 360 scans have no day and are in no course" in found.notes


def test_a_frame_of_months_has_courses_by_month() -> None:
    frame = one_chart(30, weeks=40).with_columns(study_day=pl.col("study_day").dt.month_start())
    found = trends(frame, every="week")
    assert found.every == "month"
    assert any("courses are by month" in note for note in found.notes)
    assert [each.start.day for each in found.charts[0].points] == [1] * 10


@pytest.mark.parametrize(
    ("dates", "every"), [("day", "week"), ("month", "month"), ("none", "week")]
)
def test_a_store(tmp_path: Path, dates: Dates, every: str) -> None:
    scans = [stored.scan_score(f"1.2.{index}") for index in range(25)]
    with open_store(tmp_path / "s.sqlite", dates=dates) as store:
        keys = [stored.key(each.scan.series_uid, f"c{n}") for n, each in enumerate(scans)]
        store.add(stored.report(*scans), Run("test"), keys=keys)
        found = trends(store)
    assert found.n == 25
    assert found.every == every
    assert found.first == {"day": date(2026, 11, 26), "month": date(2026, 11, 1)}.get(dates)
    assert len(found.charts) == (0 if dates == "none" else 3)


def test_the_same_scans_have_the_same_trends_in_any_order() -> None:
    frame = archive(600, outliers=0.02)
    one, other = trends(frame), trends(frame.sample(fraction=1, shuffle=True, seed=1))
    assert one.scans.equals(other.scans)
    assert (one.groups, one.charts, one.outliers) == (other.groups, other.charts, other.outliers)
    assert one.dose_lines == other.dose_lines


def test_many_protocols_with_few_scans() -> None:
    protocols = [Protocol(f"P{index}", "chest", 6.0, 22.0, "Br40", 3.0) for index in range(300)]
    found = trends(archive(2000, protocols=protocols))
    assert len(found.groups) > 500
    assert found.charts == ()
    assert any(
        note.startswith("no course for ") and note.endswith(" fewer than 20 scans with a day")
        for note in found.notes
    )


def test_charts_are_in_the_order_of_their_size() -> None:
    found = trends(archive(2000))
    assert [each.measure for each in found.charts[:3]] == ["noise", "dose", "score"]
    sizes = [each.n + each.n_other for each in found.charts]
    assert sizes == sorted(sizes, reverse=True)
