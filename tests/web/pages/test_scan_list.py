"""The list of scans: filters, order and pages."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest
from tests.web.pages.made import FLAGGED, Clinic, notes_of, scan_paths

from ctiqa.trends import trends
from ctiqa.web.pages.parts.asked import Asked, asked


def total(text: str) -> int:
    """Number of scans of a list."""
    found = re.search(r'<h2 id="found">([\d,]+) (?:scan|unexplained outlier)', text)
    assert found
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("protocol=Thorax", pl.col("protocol") == "Thorax"),
        ("scanner=CT2", pl.col("station") == "CT2"),
        ("scanner=V", pl.col("station").is_null() & (pl.col("model") == "V")),
        ("region=head", pl.col("region") == "head"),
        ("below=2.5", pl.col("score") < 2.5),
        ("since=2026-10-01", pl.col("study_day") >= date(2026, 10, 1)),
        ("until=2026-10-01", pl.col("study_day") <= date(2026, 10, 1)),
        (
            "protocol=Head&scanner=CT1&below=3.9",
            (pl.col("protocol") == "Head") & (pl.col("station") == "CT1") & (pl.col("score") < 3.9),
        ),
        ("protocol=(unknown)", pl.col("protocol").is_null()),
    ],
)
def test_scans_are_filtered(clinic: Clinic, query: str, condition: pl.Expr) -> None:
    wanted = clinic.store.scans().filter(condition).height
    assert total(clinic.get(f"/scans?{query}")) == wanted


def test_empty_fields_of_the_form_are_no_conditions(clinic: Clinic) -> None:
    assert total(clinic.get("/scans?protocol=&scanner=&below=&since=&until=")) == 400


def test_flags_are_conditions(clinic: Clinic) -> None:
    text = clinic.get("/scans?flag=saturated")
    assert total(text) == FLAGGED
    assert "top of the scale" in text
    assert total(clinic.get("/scans?flag=satur")) == 0


@pytest.mark.parametrize(("sort", "column"), [("score", "score"), ("noise", "equivalent_noise_hu")])
@pytest.mark.parametrize("order", ["up", "down"])
def test_scans_are_sorted(clinic: Clinic, sort: str, column: str, order: str) -> None:
    text = clinic.get(f"/scans?sort={sort}&order={order}")
    direction = "ascending" if order == "up" else "descending"
    assert f'aria-sort="{direction}"' in text
    frame = clinic.store.scans().sort(column, descending=order == "down")
    first = next(scan_paths(text))
    page = clinic.get(first)
    assert frame[column][0] is not None
    uids = frame.filter(pl.col(column) == frame[column][0])["series_uid"]
    assert any(f"Series {uid}<" in page for uid in uids)


def test_all_scans_are_on_some_page(clinic: Clinic) -> None:
    seen: list[str] = []
    path: str | None = "/scans"
    while path:
        text = clinic.get(path)
        seen += scan_paths(text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        path = found[1].replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 400
    assert "There is no such page" in clinic.get("/scans?page=999")


def test_outliers_without_an_explanation_are_listed(own: Clinic) -> None:
    odd = trends(own.store).outliers
    assert odd
    assert total(own.get("/scans?unexplained=yes")) == len(odd)
    name = (odd[0].series_uid, odd[0].content)
    notes = notes_of(own.store)
    notes.write(name, "a trial protocol", author="ann", is_explained=True)
    assert total(own.get("/scans?unexplained=yes")) == len(odd) - 1
    notes.write(name, "it was none", author="ann", is_explained=False)
    assert total(own.get("/scans?unexplained=yes")) == len(odd)


def test_conditions_are_read_and_written_alike() -> None:
    query = {"protocol": "A & B", "below": "2.5", "since": "2026-01-31", "unexplained": "yes"}
    read = asked(query)
    assert read == Asked("A & B", below=2.5, since=date(2026, 1, 31), unexplained=True)
    assert {key: str(value) for key, value in read.facts().items()} == query
    assert asked({key: str(value) for key, value in read.facts(page=3).items()}).page == 3
