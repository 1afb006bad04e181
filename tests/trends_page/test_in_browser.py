"""The page in a browser: nothing is fetched, and everything can be chosen, sorted and printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from tests.trends.made import PROTOCOLS, SCANNERS, archive
from tests.trends_page.conftest import Open
from tests.trends_page.made import HOSTILE, hostile, made, page

from ctiqa.trends import trends
from ctiqa.trends.page import trends_page
from ctiqa.trends.page.choices import choices_of

SHOWN = "nodes => nodes.filter(node => node.checkVisibility()).map(node => node.innerText)"
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
FIND = """(canvas, [red, green, blue]) => {
  const {data, width} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < data.length; k += 4)
    if (data[k] === red && data[k + 1] === green && data[k + 2] === blue && data[k + 3] === 255)
      return [(k / 4) % width / devicePixelRatio, Math.floor(k / 4 / width) / devicePixelRatio];
  return null;
}"""
"""Where a canvas first has a colour, in pixels from its left and top."""

BLUE, BLUE_IN_THE_DARK, RUST = [0x1D, 0x5A, 0x86], [0x7D, 0xB8, 0xE3], [0xA3, 0x40, 0x1F]


def shown(tab: Any, selector: str) -> list[str]:
    found: list[str] = tab.locator(selector).evaluate_all(SHOWN)
    return found


def soon(look: Callable[[], object], wanted: object) -> None:
    """Look until it is as wanted: a click may take effect a moment later."""
    end = time.monotonic() + 10
    while look() != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert look() == wanted


def choose(tab: Any, name: str, text: str) -> None:
    tab.select_option(f"#choose-{name}", label=text)


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_the_page_is_never_wider_than_the_window(show: Open, width: int) -> None:
    assert show(width=width).evaluate(OVERFLOW) <= 0


def test_charts_are_drawn(show: Open) -> None:
    tab = show()
    assert len(shown(tab, "#courses canvas")) == 6
    assert len(shown(tab, "#scatters canvas")) == 6
    labels = tab.locator("#courses [role=img]").evaluate_all(
        "all => all.map(each => each.getAttribute('aria-label'))"
    )
    assert all("Equivalent noise of " in each for each in labels)


def test_a_protocol_is_chosen(show: Open) -> None:
    tab = show()
    choose(tab, "protocol", "Head")
    assert [each.partition(" · ")[0] for each in shown(tab, ".panels h3")] == ["Head"] * 6
    assert set(shown(tab, "#groups tbody th")) == {"Head"}
    assert len(shown(tab, "#groups tbody tr")) == 3
    assert "3 of 15 match" in tab.inner_text("#groups-shown")
    assert all(each.startswith("Head · ") for each in shown(tab, "#outliers-table tbody th"))
    tab.get_by_role("button", name="Show all", exact=True).click()
    soon(lambda: len(shown(tab, "#groups tbody tr")), 15)


def test_scanner_and_kernel_are_chosen_together(show: Open) -> None:
    tab = show()
    choose(tab, "scanner", "CT2")
    choose(tab, "kernel", "Br40")
    titles = shown(tab, "#scatters h3")
    assert titles
    assert all("CT2 · Br40" in each for each in titles)


def test_a_region_is_that_of_the_scans(show: Open) -> None:
    tab = show()
    choose(tab, "region", "head")
    assert {each.partition(" · ")[0] for each in shown(tab, ".panels h3")} == {"Head"}


def test_a_period_is_chosen(show: Open) -> None:
    tab = show()
    month = choices_of(made()).periods[1][0]
    choose(tab, "period", month)
    days = [each.split("\t")[0] for each in shown(tab, "#outliers-table tbody tr")]
    fitting = sum(str(each.day).startswith(month) for each in made().outliers[:200])
    assert len(days) == min(fitting, 20) > 0
    assert all(each.startswith(month) for each in days)
    tab.locator("#courses [role=img]").first.focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#courses .reading").first.inner_text().startswith(month)


def test_the_measure_of_the_course_is_chosen(show: Open) -> None:
    tab = show()
    choose(tab, "measure", "CTDIvol")
    assert all("mGy" in each for each in shown(tab, "#courses h3"))


def test_quality_and_dose_are_chosen(show: Open) -> None:
    tab = show()
    choose(tab, "quality", "Score")
    choose(tab, "dose", "SSDE")
    label = tab.locator("#scatters [role=img]").first.get_attribute("aria-label")
    assert label.startswith("Score against SSDE of ")


def test_tables_are_sorted_by_keyboard(show: Open) -> None:
    tab = show()
    heading = tab.locator("#groups thead th").nth(4)
    heading.locator("button").focus()
    for direction in ("descending", "ascending"):
        tab.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == direction
        cells = tab.locator("#groups tbody tr td:nth-child(5)")
        values = cells.evaluate_all("all => all.map(each => Number(each.dataset.value))")
        assert values == sorted(values, reverse=direction == "descending")
    assert tab.locator("th[aria-sort]").count() == 1


def test_long_tables_begin_with_the_first_rows(show: Open) -> None:
    text = trends_page(made(3000))
    rows = min(len(made(3000).outliers), 200)
    tab = show(text)
    assert len(shown(tab, "#outliers-table tbody tr")) == 20 < rows
    tab.locator("#outliers-table-more").click()
    assert len(shown(tab, "#outliers-table tbody tr")) == rows


def test_arrow_keys_read_the_values(show: Open) -> None:
    tab = show()
    chart = tab.locator("#courses [role=img]").first
    chart.focus()
    readings = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        tab.keyboard.press(key)
        readings.append(tab.locator("#courses .reading").first.inner_text())
    assert readings[0] == readings[2] != readings[1]
    assert "n = " in readings[0]


def test_a_point_under_the_mouse_is_read(show: Open) -> None:
    tab = show()
    canvas = tab.locator("#scatters canvas").first
    canvas.scroll_into_view_if_needed()
    x, y = canvas.evaluate(FIND, RUST)
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + x, box["y"] + y)
    reading = tab.locator("#scatters .reading").first.inner_text()
    assert " mGy" in reading
    assert reading.endswith("outlier")
    assert reading[:10] in {str(each.day) for each in made().outliers}


def test_a_hostile_name_stays_text(show: Open) -> None:
    tab = show(trends_page(hostile()))
    choose(tab, "protocol", HOSTILE)
    assert tab.locator("img").count() == 0
    assert any(HOSTILE in each for each in shown(tab, "#courses h3"))


def test_without_scripts_there_are_drawings_and_all_rows(show: Open) -> None:
    tab = show(java_script_enabled=False)
    assert len(shown(tab, "noscript .control")) == 12
    assert shown(tab, "form") == []
    assert len(shown(tab, "#outliers-table tbody tr")) == min(len(made().outliers), 200)
    assert "where scripts are allowed" in tab.inner_text("body")


@pytest.mark.parametrize("n", [1, 12])
def test_small_archives_are_drawn(show: Open, n: int) -> None:
    tab = show(trends_page(trends(archive(n))))
    assert len(shown(tab, "#groups tbody tr")) == len(trends(archive(n)).groups)


def test_print_has_charts_and_no_controls(show: Open) -> None:
    tab = show(color_scheme="dark")
    canvas = tab.locator("#courses canvas").first
    assert canvas.evaluate(FIND, BLUE_IN_THE_DARK)
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert canvas.evaluate(FIND, BLUE)
    assert not canvas.evaluate(FIND, BLUE_IN_THE_DARK)
    assert canvas.evaluate("each => each.width") >= 1000
    assert canvas.bounding_box()["width"] < 700
    assert shown(tab, "form, button.more, .reading") == []
    tab.emulate_media(media="screen")
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert canvas.evaluate(FIND, BLUE_IN_THE_DARK)


def test_it_is_printed_on_paper(show: Open) -> None:
    printed = show(page()).pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert 3 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 20


def test_rows_have_the_region_of_their_scan_and_not_of_their_group(show: Open) -> None:
    frame = archive(300, weeks=12, outliers=0.1, protocols=PROTOCOLS[:1], scanners=SCANNERS[:1])
    other = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("pelvis")).otherwise("region")
    found = trends(frame.with_columns(region=other))
    regions = [found.scans["region"][each.row] for each in found.outliers]
    tab = show(trends_page(found))
    choose(tab, "region", "pelvis")
    rows = shown(tab, "#outliers-table tbody tr")
    assert len(rows) == min(regions.count("pelvis"), 20)
    assert 0 < regions.count("pelvis") < len(regions)
    points = found.scans.filter(region="pelvis")["ctdivol_mgy"].count()
    assert f"{points} drawn" in tab.inner_text("#scatters h3")
