"""Frames have one type per column, with and without rows."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pandas
import polars
import pytest
from tests.store import made

from ctiqa.errors import UsageError
from ctiqa.store import Run, Store

TYPES = {
    "series_uid": polars.String,
    "study_day": polars.Date,
    "stored": polars.Datetime("us", "UTC"),
    "score": polars.Float64,
    "n_judged": polars.Int64,
    "flags": polars.String,
}


def filled(store: Store) -> Store:
    store.add(made.report(made.scan_score("1.2.3"), made.scan_score("1.2.4")), Run())
    return store


def test_types_do_not_depend_on_rows(store: Store) -> None:
    frames = [store.scans, store.slices, store.skipped, store.runs]
    empty = [each().schema for each in frames]
    assert {name: empty[0][name] for name in TYPES} == TYPES
    filled(store).add(made.report(skipped=[made.skip()]), Run())
    assert [each().schema for each in frames] == empty


@pytest.mark.parametrize("rows", [False, True])
def test_pandas(store: Store, rows: bool) -> None:
    if rows:
        filled(store)
    frame = store.scans("pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == store.scans().columns
    assert str(frame["score"].dtype) == "float64"
    assert str(frame["study_day"].dtype) == "datetime64[us]"
    assert str(frame["stored"].dtype) == "datetime64[us, UTC]"
    assert frame["series_uid"].to_list() == (["1.2.3", "1.2.4"] if rows else [])
    for other in (store.slices, store.skipped, store.runs):
        assert isinstance(other(kind="pandas"), pandas.DataFrame)


def test_slices_of_some_series(store: Store) -> None:
    filled(store)
    assert set(store.slices("1.2.4")["series_uid"]) == {"1.2.4"}
    assert store.slices("1.2.3", "1.2.4").equals(store.slices())
    assert store.slices("1.2.5").height == 0


def test_scans_are_sorted_by_day_then_series(store: Store) -> None:
    facts = made.GROUPED
    for uid, day in (("1.2.9", 1), ("1.2.8", 2), ("1.2.7", None)):
        known = None if day is None else facts.study_day.replace(day=day)  # type: ignore[union-attr]
        series = replace(facts, study_day=known)
        each = made.slice_score(0, 3.0)
        each = replace(each, header=replace(each.header, series=series))
        store.add(made.report(made.scan_score(uid, slices=(each,))), Run())
    assert store.scans()["series_uid"].to_list() == ["1.2.9", "1.2.8", "1.2.7"]


def test_another_library_is_refused(store: Store) -> None:
    kind: Any = "numpy"
    with pytest.raises(UsageError, match="must be polars or pandas, got 'numpy'"):
        store.scans(kind)


@pytest.mark.parametrize(
    ("kind", "package"), [("polars", r"ctiqa\[clinic\]"), ("pandas", "pandas")]
)
def test_a_missing_library_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: Any, package: str
) -> None:
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(UsageError, match=rf"needs {kind}.*pip install '{package}'"):
        store.scans(kind)
