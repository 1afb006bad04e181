"""The page on reliability has the sections that commands fill, and the tests they count exist."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.corpus import page
from tests.corpus.environment import FAULTS, ROOT


@pytest.mark.parametrize("section", ["fuzz", "corpus", "environment"])
def test_a_section_is_replaced_and_nothing_else(section: str, tmp_path: Path) -> None:
    copy = Path(shutil.copy(page.PAGE, tmp_path / "page.md"))
    page.publish(section, "a\nb", copy)
    page.publish(section, "one table", copy)
    before, after = page.PAGE.read_text("utf-8"), copy.read_text("utf-8")
    assert after.count("one table") == 1
    start, end = after.split("one table\n")
    assert before.startswith(start)
    assert before.endswith(end)


def test_a_section_that_is_not_there(tmp_path: Path) -> None:
    copy = Path(shutil.copy(page.PAGE, tmp_path / "page.md"))
    with pytest.raises(ValueError, match="other"):
        page.publish("other", "x", copy)


@pytest.mark.parametrize("selector", [selector for *_, selector in FAULTS])
def test_the_tests_that_are_counted_exist(selector: str) -> None:
    file, _, name = selector.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text("utf-8") or not name
