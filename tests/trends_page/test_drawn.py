"""Layout of scatter charts, courses and box plots."""

from __future__ import annotations

import math
import re
from base64 import b64decode
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.trends_page.made import made

from ctiqa.trends import ControlChart, Distribution, DoseLine, Point, ScanGroup
from ctiqa.trends.page.boxes import box_columns
from ctiqa.trends.page.choices import choices_of, periods_between
from ctiqa.trends.page.course_drawing import drawing_of, ticks_between
from ctiqa.trends.page.courses import course_data
from ctiqa.trends.page.embedded import packed
from ctiqa.trends.page.scatter import (
    FEWEST_OF_A_GROUP,
    evenly,
    group_numbers,
    lines_data,
    sample_of,
    scatter_data,
)
from ctiqa.trends.page.scatter_drawing import scatter_drawings

KINDS = {"u1": "<u1", "u2": "<u2", "u4": "<u4", "f4": "<f4"}


def unpacked(column: dict[str, str]) -> np.ndarray:
    return np.frombuffer(b64decode(column["base64"]), KINDS[column["kind"]])


def distribution(p50: float, width: float = 1.2) -> Distribution:
    return Distribution(9, p50 / width**2, p50 / width, p50, p50 * width, p50 * width**2)


def group(**distributions: Distribution | None) -> ScanGroup:
    return ScanGroup("Head", "CT1", "Hr40", 9, 0, 0, distributions)


def chart_of(points: int, **facts: object) -> ControlChart:
    found = next(chart for chart in made().charts if len(chart.points) > points)
    return replace(found, points=found.points[:points], **facts)  # type: ignore[arg-type]


def test_all_outliers_and_some_scans_of_every_group_are_drawn() -> None:
    trends = made(50_000, weeks=52)
    choices = choices_of(trends)
    sample = sample_of(trends, choices)
    dosed = np.flatnonzero(trends.scans["ctdivol_mgy"].is_not_null().to_numpy())
    assert sample.n_known == len(dosed)
    assert sample.n_known + sample.n_unknown == trends.n
    assert {each.row for each in trends.outliers} & set(dosed) <= set(sample.rows)
    drawn = np.bincount(group_numbers(trends.scans[sample.rows], choices))
    assert drawn.min() >= FEWEST_OF_A_GROUP
    assert len(sample.rows) < 5_000 + len(trends.outliers) + FEWEST_OF_A_GROUP * len(drawn)


def test_a_small_archive_is_drawn_whole() -> None:
    sample = sample_of(made(), choices_of(made()))
    assert len(sample.rows) == sample.n_known == made().scans["ctdivol_mgy"].count()
    assert f"{sample.n_known} scans with a dose are drawn" == sample.drawn


def test_groups_with_most_outliers_come_first() -> None:
    choices = choices_of(made())
    order = sample_of(made(), choices).groups
    odd = [
        sum((each.protocol, each.scanner, each.kernel) == triple for each in made().outliers)
        for triple in choices.groups
    ]
    counts = [odd[number] for number in order]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0


def test_columns_are_those_of_the_scans() -> None:
    choices = choices_of(made())
    sample = sample_of(made(), choices)
    data = scatter_data(made(), choices, sample)
    scans = made().scans[sample.rows]
    for name in ("ctdivol_mgy", "ssde_mgy", "equivalent_noise_hu", "score"):
        expected = scans[name].fill_null(math.nan).to_numpy()
        np.testing.assert_allclose(unpacked(data[name]), expected, rtol=1e-6)
    days = [date(1970, 1, 1) + timedelta(days=int(each)) for each in unpacked(data["day"])]
    assert days == scans["study_day"].to_list()
    regions = [choices.texts["region"][code] for code in unpacked(data["region"])]
    assert regions == scans["region"].to_list()
    assert unpacked(data["outlier"]).sum() == len(
        {each.row for each in made().outliers} & set(sample.rows.tolist())
    )


def test_evenly_chosen() -> None:
    chosen = evenly(1000, 100)
    assert len(chosen) == 100
    assert set(np.diff(chosen)) <= {10, 11}


def test_lines_follow_their_formula() -> None:
    line = DoseLine(
        "Thorax", "CT1", "Br40", "ssde_mgy", 30, -0.5, math.log(40), 2.0, 20.0, 0.1, False
    )
    trends = replace(made(), dose_lines=(line,))
    choices = choices_of(trends)
    found = lines_data(trends, choices)
    assert found["ctdivol_mgy"] == {}
    points = found["ssde_mgy"][choices.groups["Thorax", "CT1", "Br40"]]
    assert (points["x"][0], points["x"][-1]) == (2.0, 20.0)
    for dose, noise in zip(points["x"], points["y"], strict=True):
        assert noise == pytest.approx(40 / math.sqrt(dose), rel=1e-3)


def test_drawings_of_scatter_stay_in_their_frame() -> None:
    choices = choices_of(made())
    drawings = scatter_drawings(made(), choices, sample_of(made(), choices), 4)
    assert len(drawings) == 4
    assert any(drawing.outliers for drawing in drawings)
    for drawing in drawings:
        assert all(0 <= end <= 100 for place in drawing.dots for end in place)
        assert drawing.line.startswith("M")


def test_a_course_is_laid_out_from_left_to_right() -> None:
    drawing = drawing_of(chart_of(12))
    across = [x for x, _ in drawing.dots]
    assert across == sorted(across)
    assert len(across) == 12
    numbers = [float(each) for each in re.findall(r"[\d.]+", drawing.lines["value"])]
    assert 0 <= min(numbers) <= max(numbers) <= 1000
    assert len(drawing.values) > 1


def test_higher_values_are_drawn_higher() -> None:
    chart = chart_of(12)
    drawing = drawing_of(chart)
    values = [point.value for point in chart.points]
    tops = [y for _, y in drawing.dots]
    assert np.argmax(values) == np.argmin(tops)
    ends = {float(text): y for text, y in drawing.values}
    assert ends[max(ends)] < ends[min(ends)]


def test_one_period_is_in_the_middle() -> None:
    drawing = drawing_of(chart_of(1, baseline=None))
    assert [x for x, _ in drawing.dots] == [50]
    assert set(drawing.lines.values()) == {""}
    assert drawing.baseline is None


def test_a_line_is_interrupted_where_it_is_unknown() -> None:
    chart = chart_of(9)
    point = replace(chart.points[0], lower=1.0, upper=2.0)
    days = [point.start + timedelta(weeks=k) for k in range(7)]
    points: list[Point] = [replace(point, start=day) for day in days]
    points[3] = replace(points[3], upper=None)
    drawing = drawing_of(replace(chart, points=tuple(points), baseline=None))
    assert drawing.lines["upper"].count("M") == 2
    assert drawing.lines["lower"].count("M") == 1


def test_alarms_are_marked_and_counted() -> None:
    chart = chart_of(9)
    points = [replace(each, beyond=None, drift=None) for each in chart.points]
    points[2] = replace(points[2], beyond="high")
    points[5] = replace(points[5], drift="low")
    chart = replace(chart, points=tuple(points), note="too few scans")
    drawing = drawing_of(chart)
    assert [drawing.dots.index(each) for each in drawing.alarms] == [2, 5]
    assert "2 periods with an alarm" in drawing.text
    assert drawing.remark == "Too few scans."
    data = course_data(chart, choices_of(made()))
    assert unpacked(data["alarm"]).tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 0]
    assert unpacked(data["n"]).tolist() == [each.n for each in chart.points]


def test_ticks_are_round_and_within() -> None:
    assert ticks_between(0.02, 0.11) == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    for high in (0.3, 7.0, 123.0, 4567.0):
        ticks = ticks_between(high / 3, high)
        assert 2 <= len(ticks) <= 6
        assert high / 3 - 1e-9 <= ticks[0] <= ticks[-1] <= high + 1e-9


def test_boxes_share_a_logarithmic_axis() -> None:
    noise, *_ = box_columns(
        [group(equivalent_noise_hu=distribution(each)) for each in (10, 20, 40)]
    )
    places = [box.middle for box in noise.boxes if box]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.02)
    for box in noise.boxes:
        assert box is not None
        assert 0 < box.whisker[0] < box.box[0] < box.middle < box.box[1] < box.whisker[1] < 100


def test_scores_have_their_scale() -> None:
    found = Distribution(9, 0.0, 1.0, 2.0, 3.0, 4.0)
    (score,) = box_columns([group(score=found), group(score=None)])
    box, nothing = score.boxes
    assert box is not None
    assert (box.whisker, box.box, box.middle) == ((0, 100), (25, 75), 50)
    assert nothing is None


def test_infinite_reserves_lie_at_the_end() -> None:
    infinite = Distribution(9, 0.5, 0.9, math.inf, math.inf, math.inf)
    (reserve,) = box_columns([group(dose_reserve=infinite)])
    (box,) = reserve.boxes
    assert box is not None
    assert (box.median, box.sorted_by) == ("∞", "Infinity")
    assert box.middle == box.whisker[1] == 100
    assert box.whisker[0] < 100


def test_one_value_is_a_line() -> None:
    same = Distribution(1, 8.0, 8.0, 8.0, 8.0, 8.0)
    (dose,) = box_columns([group(ctdivol_mgy=same)])
    (box,) = dose.boxes
    assert box is not None
    assert box.whisker == (50, 50)


def test_columns_without_any_value_are_left_out() -> None:
    assert box_columns([group(score=None)]) == []


def test_long_archives_offer_years_and_the_last_months() -> None:
    titles = [title for title, *_ in periods_between(date(2015, 3, 1), date(2026, 1, 1))]
    assert titles[:12] == [str(year) for year in range(2026, 2014, -1)]
    assert titles[12:14] == ["2026-01", "2025-12"]
    assert (titles[-1], len(titles)) == ("2023-02", 12 + 36)


def test_packed_numbers_are_little_endian() -> None:
    assert unpacked(packed([1, 258], "u2")).tolist() == [1, 258]
    assert b64decode(packed([258], "u2")["base64"]) == b"\x02\x01"
    assert math.isnan(unpacked(packed([math.nan], "f4"))[0])
