"""How the page prints: pages are filled, and nothing depends on colour alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.score.made import scan_score
from tests.score.report.page.made import page

from ctiqa.score.maps.colours import scale
from ctiqa.score.report.page.overview import MANY

MAY_BE_LONGER_THAN_A_PAGE = {
    "section", "details", "figure", "table", "ul", "dl",
    ".scan", ".group", ".entry", ".inside", ".gallery", ".slices", ".examples",
    ".facts", ".lines", ".lines > div", ".summary", ".warnings", ".wide", ".files",
}  # fmt: skip
PRINTED_HEIGHT_PX = 950
"""Height of a printed page within its margins, in CSS pixels."""


def print_rules(text: str) -> list[tuple[set[str], str]]:
    """Selectors and declarations of the rules for print."""
    style = re.sub(r"/\*.*?\*/", "", re.findall("<style>(.*?)</style>", text, re.DOTALL)[0])
    blocks = re.findall(r"@media print \{((?:[^{}]*\{[^{}]*\})*)\s*\}", style)
    return [
        ({each.strip() for each in selectors.split(",")}, declarations)
        for block in blocks
        for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", block)
    ]


def printed(count: int) -> list[tuple[set[str], str]]:
    return print_rules(page(*[scan_score([1.0, 2.0, 3.0])] * count))


@pytest.mark.parametrize("count", [1, MANY])
def test_nothing_that_may_be_longer_than_a_page_is_kept_together(count: int) -> None:
    kept = set().union(*(names for names, rule in printed(count) if "break-inside: avoid" in rule))
    assert {"img", "svg", ".verdict", "tr"} <= kept
    assert not kept & MAY_BE_LONGER_THAN_A_PAGE


@pytest.mark.parametrize("count", [1, MANY])
def test_nothing_is_cut_off(count: int) -> None:
    for _, rule in printed(count):
        assert not re.search(r"overflow(-\w)?: (hidden|scroll|auto)|position: fixed", rule)
        heights = re.findall(r"(?<![\w-])(?:max-|min-)?height: ([\d.]+)px", rule)
        assert all(float(height) < PRINTED_HEIGHT_PX for height in heights)


def test_headings_stay_with_what_follows() -> None:
    rules = printed(1)
    for name in ("h2", "h3", "figcaption"):
        assert any(name in names and "break-after: avoid" in rule for names, rule in rules)


def test_marks_of_slices_differ_in_shape_and_not_in_colour_alone() -> None:
    text = page(scan_score([1.0, 2.0, 3.0]))
    shapes = {
        role: re.findall(f'class="mark {role}"[^>]*>\\s*(<[^>]*>)', text)
        for role in ("best", "median", "worst")
    }
    assert all(len(found) == 2 and len(set(found)) == 1 for found in shapes.values())
    assert len({found[0] for found in shapes.values()}) == 3


def test_colours_of_noise_get_lighter_in_grey_print() -> None:
    grey = scale() @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(grey) > -0.5).all()
    assert grey[-1] - grey[0] > 150
