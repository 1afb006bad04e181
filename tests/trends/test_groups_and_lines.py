"""Distributions of groups, and their dose lines."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from tests.trends.made import archive, one_chart

from ctiqa.trends import trends


def test_groups_cover_all_scans_the_largest_first() -> None:
    found = trends(archive(900))
    sizes = [each.n for each in found.groups]
    assert sum(sizes) == 900
    assert sizes == sorted(sizes, reverse=True)
    assert len({each.label for each in found.groups}) == len(sizes) == 15


def test_quantiles_of_a_group() -> None:
    scans = one_chart(50)
    group = trends(scans).groups[0]
    noise = scans["equivalent_noise_hu"]
    found = group.distributions["equivalent_noise_hu"]
    assert found is not None
    assert found.n == 600
    for share, value in ((0.05, found.p5), (0.5, found.p50), (0.95, found.p95)):
        assert (noise < value).mean() == pytest.approx(share, abs=0.003)


def test_infinite_reserves_count() -> None:
    frame = one_chart(10).with_columns(dose_reserve=pl.Series([0.5] * 80 + [math.inf] * 40))
    found = trends(frame).groups[0].distributions["dose_reserve"]
    assert found is not None
    assert (found.p50, found.p95) == (0.5, math.inf)


def test_a_column_without_values_has_no_distribution() -> None:
    frame = one_chart(10).with_columns(ssde_mgy=pl.lit(None, pl.Float64))
    assert trends(frame).groups[0].distributions["ssde_mgy"] is None


@pytest.mark.parametrize("slope", [-0.5, -0.2])
def test_the_line_of_a_group(slope: float) -> None:
    draw = np.random.default_rng(2)
    dose = np.exp(draw.normal(2, 0.4, 600))
    noise = 40 * dose**slope * np.exp(draw.normal(0, 0.1, 600))
    noise[:30] *= 5
    frame = one_chart(50).with_columns(
        ctdivol_mgy=pl.Series(dose), equivalent_noise_hu=pl.Series(noise)
    )
    line = next(each for each in trends(frame).dose_lines if each.dose == "ctdivol_mgy")
    assert line.n == 600
    assert line.slope == pytest.approx(slope, abs=0.05)
    assert line.intercept == pytest.approx(math.log(40), abs=0.1)
    assert line.scatter == pytest.approx(0.1, abs=0.02)
    assert (dose < line.low).mean() == pytest.approx(0.05, abs=0.005)
    assert not line.flat


def test_a_fixed_dose_has_no_slope() -> None:
    frame = one_chart(50).with_columns(ctdivol_mgy=pl.lit(8.0))
    line = next(each for each in trends(frame).dose_lines if each.dose == "ctdivol_mgy")
    assert line.flat
    assert line.slope == 0
    assert math.exp(line.intercept) == pytest.approx(frame["equivalent_noise_hu"].median())


def test_few_scans_have_no_line() -> None:
    assert trends(one_chart(9, weeks=1)).dose_lines == ()
