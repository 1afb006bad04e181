from __future__ import annotations

from dataclasses import replace

import pytest
from tests.score.made import scan_score

from ctiqa.score.report.page.charts import Mark, curve_of, tick_indices


@pytest.mark.parametrize("count", [1, 2, 7, 30, 61, 299, 2000, 100_000])
def test_ticks_are_few_and_round(count: int) -> None:
    ticks = tick_indices(count)
    assert 1 <= len(ticks) <= 6
    assert all(0 <= tick < count for tick in ticks)


def test_curve_breaks_where_slices_are_not_scored() -> None:
    curve = curve_of(scan_score([4.0, 2.0, None, 0.0, 1.0]))
    assert curve.lines == ("M100,0L300,500", "M700,1000L900,750")
    assert curve.bands[1] == "M700,875L900,625L900,875L700,1000Z"
    assert curve.gaps == (50.0,)
    assert curve.z_mm == (0.0, 20.0)


def test_marks_lie_on_their_slices() -> None:
    curve = curve_of(scan_score([4.0, 2.0, None, 0.0, 1.0]))
    assert curve.marks == (
        Mark("best", 10.0, 0.0),
        Mark("median", 90.0, 75.0),
        Mark("worst", 70.0, 100.0),
    )


def test_scan_without_scores_has_only_gaps() -> None:
    curve = curve_of(scan_score([None, None]))
    assert (curve.lines, curve.bands, curve.marks) == ((), (), ())
    assert curve.gaps == (25.0, 75.0)


def test_unknown_position_is_left_out() -> None:
    scan = scan_score([1.0, 2.0])
    first = replace(scan.slices[0], header=replace(scan.slices[0].header, z_mm=None))
    assert curve_of(replace(scan, slices=(first, scan.slices[1]))).z_mm is None
