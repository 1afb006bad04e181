from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.scan import Aggregation, scan_score, worst_tenth

NAN = math.nan

EVERY = get_args(Aggregation)

scores = st.lists(st.floats(0, 4), min_size=1, max_size=45)


def by_hand(values: list[float], by: str, areas: list[float]) -> float:
    """The aggregations in plain Python."""
    ordered = sorted(values)
    if by == "median":
        middle = len(ordered) // 2
        return (ordered[middle] + ordered[-middle - 1]) / 2
    if by == "worst-tenth":
        ordered = ordered[: math.ceil(len(ordered) / 10)]
    if by == "area-weighted":
        return sum(a * v for a, v in zip(areas, values, strict=True)) / sum(areas)
    return sum(ordered) / len(ordered)


@pytest.mark.parametrize(
    ("by", "expected"),
    # Mean of 1, 2, 2, 4, 4; their middle; the lowest of five; (1·1 + 2·1 + 2·2 + 4·2 + 4·4)/10.
    [("mean", 2.6), ("median", 2.0), ("worst-tenth", 1.0), ("area-weighted", 3.1)],
)
def test_a_scan_by_hand(by: Aggregation, expected: float) -> None:
    found = scan_score([4, 1, 2, 4, 2], by, areas=[2, 1, 1, 4, 2])
    assert found == pytest.approx(expected)


@given(values=scores, by=st.sampled_from(EVERY), data=st.data())
def test_plain_python_agrees(values: list[float], by: Aggregation, data: st.DataObject) -> None:
    size = len(values)
    areas = data.draw(st.lists(st.floats(0.5, 900), min_size=size, max_size=size))
    found = scan_score(values, by, areas=areas)
    assert found == pytest.approx(by_hand(values, by, areas), abs=1e-12)


@given(values=scores, by=st.sampled_from(EVERY), data=st.data())
def test_slices_that_were_not_scored_do_not_count(
    values: list[float], by: Aggregation, data: st.DataObject
) -> None:
    areas = [1.0 + k for k in range(len(values))]
    place = data.draw(st.integers(0, len(values)))
    # The area of a slice of air may be anything.
    area = data.draw(st.sampled_from([0.0, 7.0, NAN]))
    with_air = scan_score(
        [*values[:place], NAN, *values[place:]], by, areas=[*areas[:place], area, *areas[place:]]
    )
    assert with_air == scan_score(values, by, areas=areas)


@given(values=scores, by=st.sampled_from(EVERY), data=st.data())
def test_the_order_of_slices_does_not_matter_and_the_scale_is_kept(
    values: list[float], by: Aggregation, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(values))))
    first = scan_score(values, by, areas=[1.0 + k for k in range(len(values))])
    other = scan_score([values[k] for k in order], by, areas=[1.0 + k for k in order])
    assert first == pytest.approx(other, abs=1e-12)
    assert min(values) - 1e-12 <= first <= max(values) + 1e-12


@given(values=scores)
def test_the_worst_tenth_is_never_better_than_the_rest(values: list[float]) -> None:
    assert worst_tenth(np.array(values)) <= np.mean(values) + 1e-12


@pytest.mark.parametrize(
    ("slices", "taken"), [(1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (21, 3), (100, 10)]
)
def test_a_tenth_is_rounded_up_to_whole_slices(slices: int, taken: int) -> None:
    # Scores 0, 1, 2, …: the mean of the first k of them is (k - 1)/2.
    assert worst_tenth(np.arange(slices, dtype=float)[::-1]) == (taken - 1) / 2


@pytest.mark.parametrize("by", EVERY)
@pytest.mark.parametrize("slices", [0, 3])
def test_a_scan_without_a_scored_slice_has_no_score(by: Aggregation, slices: int) -> None:
    assert math.isnan(scan_score([NAN] * slices, by, areas=[1.0] * slices))


@pytest.mark.parametrize(
    ("values", "by", "areas", "words"),
    [
        ([1.0, math.inf], "mean", None, "'scores' must be finite"),
        ([[1.0]], "mean", None, r"'scores' must be \[slices\], got \[1, 1\]"),
        ([1.0], "best", None, "'by' must be one of mean, median, worst-tenth, area-weighted"),
        ([1.0], "area-weighted", None, "'areas' must be 1, one per slice, got 0"),
        ([1.0], "area-weighted", [1.0, 2.0], "'areas' must be 1, one per slice, got 2"),
        ([1.0, 2.0], "area-weighted", [1.0, -1.0], "got -1…1"),
        ([1.0, 2.0], "area-weighted", [1.0, NAN], "'areas' must be finite"),
        ([1.0, 2.0], "area-weighted", [0.0, 0.0], "not all 0"),
    ],
)
def test_what_cannot_be_aggregated(
    values: list[float], by: Aggregation, areas: list[float] | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        scan_score(values, by, areas=areas)
