"""The examples of ``docs/python-api.md``, run one after another, and what they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "python-api.md").read_text(encoding="utf-8")

EXAMPLE = re.compile(r"^```python\n(.*?)^```$\n\n^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A block of code and the block of what it prints."""

NUMBER = re.compile(r"-?\d+\.\d+")


def test_the_page_says_what_its_examples_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = EXAMPLE.findall(PAGE)
    assert len(found) == PAGE.count("```python") >= 4
    names: dict[str, object] = {}
    for code, shown in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "python-api.md", "exec"), names)  # noqa: S102 - the page's own
        assert NUMBER.sub("#", printed.getvalue()) == NUMBER.sub("#", shown), code
        for got, told in zip(*map(NUMBER.findall, (printed.getvalue(), shown)), strict=True):
            # Processors round differently, which may show in the last digit.
            unit = 10.0 ** -len(told.partition(".")[2])
            assert float(got) == pytest.approx(float(told), abs=1.01 * unit), code
