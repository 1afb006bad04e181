"""Read an HTML page, and assert what every page of ctiqa must fulfil."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

EVIL = "<script>alert('x')</script>"
"""Text that would run as a script on a page that did not escape it."""

VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
"""Elements without a closing tag."""

PICTURE = "data:image/png;base64,"
"""Start of the address of a picture that is embedded in the page."""


class Page(HTMLParser):
    """What a page consists of; asserts that every element is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.counts: Counter[str] = Counter()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.labelled_by: list[str] = []
        self.images: list[dict[str, str]] = []
        self.charts = 0
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        self.counts[tag] += 1
        self.headings += [int(tag[1])] if re.fullmatch(r"h[1-6]", tag) else []
        self.ids += [facts["id"]] if "id" in facts else []
        self.links += [facts[name] for name in ("href", "xlink:href") if name in facts]
        self.sources += [facts["src"]] if "src" in facts else []
        self.labelled_by += facts.get("aria-labelledby", "").split()
        self.images += [facts] if tag == "img" else []
        self.charts += facts.get("role") == "img"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            assert "svg" in self.open, f"<{tag}/> is closed only within svg"
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> within {self.open}"
        self.open.pop()


def read_page(text: str) -> Page:
    """What a page consists of, if it is well-formed, accessible and self-contained."""
    page = Page(text)
    assert_headings_are_in_order(page)
    assert_references_lead_somewhere(page)
    assert_nothing_is_fetched(page, text)
    unnamed = [number for number, image in enumerate(page.images) if not image.get("alt")]
    assert not unnamed, f"images without alt, counted from 0: {unnamed}"
    return page


def assert_headings_are_in_order(page: Page) -> None:
    """One heading of level 1, which comes first; no level is skipped on the way down."""
    assert page.headings[:1] == [1], f"headings: {page.headings}"
    assert page.headings.count(1) == 1, f"headings: {page.headings}"
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), f"headings: {page.headings}"


def assert_references_lead_somewhere(page: Page) -> None:
    """Ids are unique; every link and every aria-labelledby leads to one of them."""
    twice = [each for each, count in Counter(page.ids).items() if count > 1]
    assert not twice, f"ids that are not unique: {twice}"
    leaving = [link for link in page.links if not link.startswith("#")]
    assert not leaving, f"links out of the page: {leaving}"
    wanted = {link.removeprefix("#") for link in page.links} | {*page.labelled_by}
    assert wanted <= {*page.ids}, f"ids that do not exist: {wanted - {*page.ids}}"


def assert_nothing_is_fetched(page: Page, text: str) -> None:
    """Pictures are embedded; there are no scripts, no external styles and no web addresses."""
    fetched = [source for source in page.sources if not source.startswith(PICTURE)]
    assert not fetched, f"not embedded: {fetched}"
    found = re.search(r"http|@import|<script|<link|url\(", without_pictures(text), re.IGNORECASE)
    assert not found, f"script or web address: {found}"


def without_pictures(text: str) -> str:
    """The page without the bytes of its pictures, where any word can occur by chance."""
    return re.sub(rf'"{PICTURE}[\w+/=]*"', '""', text)
