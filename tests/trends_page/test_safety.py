from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

import polars as pl
import pytest
from tests.trends.made import archive
from tests.trends_page.made import HOSTILE, POLICY, STYLE, hostile, page, read_scripted, scripts

from ctiqa.trends import trends
from ctiqa.trends.page import trends_page
from ctiqa.trends.page.embedded import SCRIPTS, STYLES, as_json, script, style

PLANTED = "Mueller^Hans"

UNSEEN = ("description", "manufacturer", "body_part", "run", "options_digest")
"""Columns that the page does not show."""


def policy() -> dict[str, list[str]]:
    found = POLICY.search(page())
    assert found is not None
    rules = unescape(found[1]).split("; ")
    return {rule.split()[0]: rule.split()[1:] for rule in rules}


def digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_only_what_the_page_brings_may_run() -> None:
    executed = [content for attributes, content in scripts(page()) if not attributes]
    assert policy()["script-src"] == [digest(each) for each in executed]
    assert policy()["style-src"] == [digest(each) for each in STYLE.findall(page())]
    assert len(executed) == 1


def test_nothing_may_be_fetched_or_sent() -> None:
    for rule in ("default-src", "base-uri", "form-action"):
        assert policy()[rule] == ["'none'"]
    assert policy()["img-src"] == ["data:"]
    assert not set(policy()) & {"connect-src", "font-src", "frame-src"}


def test_no_inline_styles_or_handlers_which_the_policy_would_forbid() -> None:
    rest = re.sub(r"<(script|style).*?</\1>", "", page(), flags=re.DOTALL)
    assert not re.search(r"<[^>]*\s(style|on\w+)=", rest)


def test_our_script_and_styles_have_no_address() -> None:
    for path in (*SCRIPTS, *STYLES):
        assert not re.search(
            r"https?:|//[a-z]|@import|import\(|url\(|eval\(|innerHTML", path.read_text("utf-8")
        )


def test_the_library_comes_with_its_licence() -> None:
    assert "Copyright (c) 2022 Leon Sorokin" in script()
    assert "The above copyright notice and this permission notice shall be included" in script()
    assert "</" + "script" not in script()
    assert "</" + "style" not in style()


def test_a_hostile_name_stays_text_everywhere() -> None:
    text = trends_page(hostile())
    assert HOSTILE not in text
    assert read_scripted(text).counts["img"] == 0
    assert [attributes for attributes, _ in scripts(text)] == [
        ' type="application/json" id="data"',
        "",
    ]
    data = json.loads(scripts(text)[0][1])
    assert any(group["title"].startswith(HOSTILE) for group in data["groups"])
    assert any(HOSTILE in course["text"] for course in data["courses"])


@pytest.mark.parametrize("value", ["</script>", "<!--", "&lt;", "\u2028", "\x1b[31m"])
def test_data_cannot_leave_its_element(value: str) -> None:
    assert not set(as_json({value: [value]})) & set("<>&\u2028\x1b")


def test_data_are_finite() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json([float("nan")])


def test_names_in_columns_that_are_not_shown_are_not_in_the_page() -> None:
    frame = archive(200, weeks=12, outliers=0.05).with_columns(
        *(pl.lit(PLANTED).alias(name) for name in UNSEEN),
        pl.lit(f'["{PLANTED}"]').alias("warnings"),
        (PLANTED + pl.col("series_uid")).alias("content"),
    )
    found = trends(frame)
    assert found.outliers
    assert PLANTED in found.scans["description"]
    assert "Mueller" not in trends_page(found)
    assert PLANTED in trends_page(trends(frame.with_columns(kernel=pl.lit(PLANTED))))


def test_charts_on_paper_have_the_light_colours_of_all_pages() -> None:
    def colours(selector: str) -> set[str]:
        block = re.search(rf"^{selector} {{(.*?)}}", str(style()), re.DOTALL | re.MULTILINE)
        assert block is not None
        return set(re.findall(r"--[a-z]+: #\w+", block[1]))

    assert colours(r"\.printing") < colours(":root")
    assert len(colours(r"\.printing")) >= 10
