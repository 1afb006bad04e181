"""The limits file of the documentation is one that can be used, and names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.trends_limits.made import chart, scans, trends_of

from ctiqa.trends.limits import check_limits, read_limits
from ctiqa.trends.limits.bounds import KEYS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "trends.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of the documentation."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- limits:.*?```toml\n(.*?)```\n\n<!-- /limits -->", text, re.DOTALL)
    assert found is not None
    written = tmp_path / "limits.toml"
    written.write_text(found[1], encoding="utf-8")
    return written


def test_the_example_is_read_and_every_key_is_shown(file: Path) -> None:
    limits = read_limits(file)
    assert [each.name for each in limits] == [
        "every scan",
        "chest",
        "dose of the abdomen",
        "course",
    ]
    text = file.read_text(encoding="utf-8")
    assert [key for key in KEYS if not re.search(rf"\b{key}\b", text)] == []


def test_the_example_finds_what_it_says(file: Path) -> None:
    limits = read_limits(file)
    usual = trends_of(scans({"times": 30}), [chart([20, 20, 20])])
    assert check_limits(usual, limits).violations == ()
    rows = scans({"score": 1.0, "times": 2}, {"times": 28}, {"region": "abdomen", "ssde_mgy": 99.0})
    found = check_limits(trends_of(rows, [chart([20, 20, 30])]), limits).violations
    assert [(each.rule, each.key) for each in found] == [
        ("chest", "least_score"),
        ("dose of the abdomen", "most_ssde_mgy"),
        ("course", "most_noise_drift"),
    ]
