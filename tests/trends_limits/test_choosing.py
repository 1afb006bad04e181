"""Which scans of a store are looked at."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars
import pytest

from ctiqa.errors import UsageError
from ctiqa.store.where import parse_conditions
from ctiqa.trends.choosing import ScanChoice, check_baseline

SCANS = polars.DataFrame(
    {
        "series_uid": ["a", "b", "c", "d"],
        "study_day": [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), None],
        "kvp": [100.0, 120.0, 80.0, 100.0],
        "scored_by": ["s4 1.0", "s4 2.0", "s4x 1.0", "s4 1.0"],
        "model_digest": ["abcdef1", "abcdef2", "1234567", "abcdef1"],
    }
)


def chosen(**facts: Any) -> list[str]:
    return ScanChoice(**facts).of(SCANS)["series_uid"].to_list()


def test_everything_is_the_default() -> None:
    assert chosen() == ["a", "b", "c", "d"]


def test_days_include_both_ends_and_no_scan_without_a_day() -> None:
    assert chosen(since=date(2026, 2, 1)) == ["b", "c"]
    assert chosen(until=date(2026, 2, 1)) == ["a", "b"]
    assert chosen(since=date(2026, 2, 1), until=date(2026, 2, 1)) == ["b"]
    with pytest.raises(UsageError, match="'until' must not be before 'since'"):
        chosen(since=date(2026, 2, 2), until=date(2026, 2, 1))


def test_all_conditions_must_hold() -> None:
    assert chosen(where=parse_conditions(["kvp<=100", "study_day>=2026-02-01"])) == ["c"]


@pytest.mark.parametrize(
    ("model", "series"),
    [
        ("s4", ["a", "b", "d"]),
        ("s4 2.0", ["b"]),
        ("s4x", ["c"]),
        ("abcdef", ["a", "b", "d"]),
        ("ABCDEF2", ["b"]),
    ],
)
def test_a_model_by_name_or_digest(model: str, series: list[str]) -> None:
    assert chosen(model=model) == series


@pytest.mark.parametrize("model", ["s", "abcde", "S5", "", "*", "\x1b[2J"])
def test_a_model_that_is_not_in_the_store(model: str) -> None:
    with pytest.raises(UsageError) as error:
        chosen(model=model)
    assert "known are s4 1.0 (abcdef1), s4 2.0 (abcdef2), s4x 1.0 (1234567)" in str(error.value)
    assert "\x1b" not in str(error.value)


def test_a_store_without_scans_has_no_models() -> None:
    assert ScanChoice(model="s4").of(SCANS.clear()).is_empty()


def test_a_baseline_is_a_time_with_scans() -> None:
    check_baseline(SCANS, date(2026, 2, 1), date(2026, 2, 1))
    with pytest.raises(UsageError, match="swap them"):
        check_baseline(SCANS, date(2026, 2, 2), date(2026, 2, 1))
    with pytest.raises(UsageError, match="there are scans from 2026-01-31 to 2026-02-28"):
        check_baseline(SCANS, date(2026, 2, 2), date(2026, 2, 27))
    with pytest.raises(UsageError, match="no scan has one"):
        check_baseline(SCANS.tail(1), date(2026, 2, 2), date(2026, 2, 27))
