"""Conditions on facts of scans: what they mean, the same for a mapping and for a frame."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.made import report, scan_score

from ctiqa.errors import UsageError
from ctiqa.store import Run, Store
from ctiqa.store.where import parse_condition, parse_conditions, scan_keys

FACTS: list[dict[str, Any]] = [
    {"protocol": "Thorax 3.0 (LOW)", "kvp": 100.0, "study_day": date(2026, 3, 31)},
    {"protocol": "Abdomen", "kvp": 120.0, "study_day": date(2026, 4, 1)},
    {"protocol": None, "kvp": None, "study_day": None},
    {"protocol": "a.c+d|e", "kvp": math.nan, "study_day": date(2025, 3, 31)},
]

FRAME = polars.DataFrame(
    FACTS, schema={"protocol": polars.String, "kvp": polars.Float64, "study_day": polars.Date}
)

MEANINGS = {
    "protocol=Thorax*": [0],
    "protocol=thorax ?.0 (low)": [0],
    "protocol=Thorax": [],
    "protocol!=Thorax*": [1, 2, 3],
    "protocol=*dom*|*thorax*": [0, 1],
    "protocol=a.c+d?e": [3],
    "protocol=abc+d*": [],
    "protocol=": [2],
    "protocol!=": [0, 1, 3],
    "protocol=*": [0, 1, 3],
    "protocol=Abdomen|": [1, 2],
    "kvp=120": [1],
    "kvp = 1e2 | 120": [0, 1],
    "kvp!=120": [0, 2, 3],
    "kvp=": [2, 3],
    "kvp<=100": [0],
    "kvp<100": [],
    "kvp>100": [1],
    "kvp>=100": [0, 1],
    "study_day>=2026-04-01": [1],
    "study_day<2026-04-01": [0, 3],
    "study_day=2026-03-*": [0],
    "study_day=*-03-31": [0, 3],
    "study_day!=": [0, 1, 3],
}


@pytest.mark.parametrize("text", MEANINGS)
def test_what_a_condition_means(text: str) -> None:
    condition = parse_condition(text)
    assert [k for k, facts in enumerate(FACTS) if condition.holds(facts)] == MEANINGS[text]
    kept = FRAME.with_row_index().filter(condition.expression())
    assert kept["index"].to_list() == MEANINGS[text]


@pytest.mark.parametrize("text", MEANINGS)
def test_a_condition_is_shown_as_it_can_be_typed(text: str) -> None:
    condition = parse_condition(text)
    assert parse_condition(str(condition)) == condition


def test_a_fact_that_is_absent_is_unknown() -> None:
    assert parse_condition("kvp=").holds({})
    assert not parse_condition("kvp<=100").holds({})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("protocol", "a condition must be KEY=GLOB"),
        ("=Thorax", "a condition must be KEY=GLOB"),
        ("", "a condition must be KEY=GLOB"),
        ("protocl=Thorax", "there is no key 'protocl'; did you mean 'protocol'?"),
        ("colour=red", "there is no key 'colour'; known are series_uid, "),
        ("flags=filtered", "there is no key 'flags'"),
        ("protocol<=3", "'protocol' is text; compare it with = or !="),
        ("kvp<=low", "'kvp' must be compared with a number, such as kvp>=100"),
        ("kvp=1*", "'kvp' must be compared with a number"),
        ("kvp>nan", "'kvp' must be compared with a number"),
        ("kvp<1e999", "'kvp' must be compared with a number"),
        ("study_day>=March", "'study_day' must be compared with a day, such as study_day>=2026"),
    ],
)
def test_a_wrong_condition(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_condition(text)
    assert message in str(error.value)


def test_a_wrong_condition_is_shown_without_control_characters() -> None:
    with pytest.raises(UsageError) as error:
        parse_condition("\x1b[31m" + "x" * 500 + "=1")
    assert "\x1b" not in str(error.value)
    assert "x" * 100 not in str(error.value)


def test_a_caller_may_know_fewer_keys() -> None:
    with pytest.raises(UsageError, match="known are protocol"):
        parse_conditions(["kvp=100"], {"protocol": "text"})


def test_every_key_is_a_column_of_the_frame(store: Store) -> None:
    store.add(report(scan_score()), Run("test"))
    frame = store.scans()
    assert set(scan_keys()) <= set(frame.columns)
    for key, kind in scan_keys().items():
        assert parse_condition(f"{key}!=").expression() is not None
        known = frame.filter(parse_condition(f"{key}!=").expression())
        assert known.height == frame[key].drop_nulls().len(), (key, kind)


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="|*?", exclude_categories=("Cs", "Cc")),
    max_size=8,
)


@given(word=WORDS, other=WORDS)
def test_any_text_equals_itself_and_no_other(word: str, other: str) -> None:
    pattern = word.strip()
    condition = parse_condition(f"protocol={pattern}")
    for text in (pattern, other):
        frame = polars.DataFrame({"protocol": [text]})
        same = bool(pattern) and text.casefold() == pattern.casefold()
        holds = condition.holds({"protocol": text})
        assert frame.filter(condition.expression()).height == holds
        assert holds or not same or not text.isascii()
