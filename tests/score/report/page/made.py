"""Pages made for the tests, and their outline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser

from tests.score.made import phantom
from tests.score.tiny_model import card

from ctiqa.score.report.as_html import report_html
from ctiqa.score.report.page.overview import MANY
from ctiqa.score.report.page.scan_view import scan_names, scan_view
from ctiqa.score.report.page.thumbnails import FULL, SMALL
from ctiqa.types import HuImage, Results, ScanScore, Skipped, Slice

NOW = datetime(2026, 11, 21, 3, 15, tzinfo=UTC)


def page(*scans: ScanScore, skipped: Sequence[Skipped] = (), hu: HuImage | None = None) -> str:
    """The page of these scans, whose slices all show one image, by default a phantom of a chest."""
    shown = phantom(lung=True) if hu is None else hu
    content = Results(card("tiny") | {"sha256": "0" * 64}, scans, tuple(skipped))
    style = SMALL if len(scans) >= MANY else FULL
    views = [
        scan_view(number, scan, lambda header: Slice(shown, header), name, style)
        for number, (scan, name) in enumerate(zip(scans, scan_names(scans), strict=True), start=1)
    ]
    return report_html(content, views, NOW)


class Outline(HTMLParser):
    """Collects what a page is made of, and checks that elements are closed."""

    VOID = frozenset({"meta", "img", "br", "rect", "line", "path", "circle", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.images: list[dict[str, str | None]] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.images.append(found)
        if identifier := found.get("id"):
            self.ids.append(identifier)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def text_of(html: str) -> str:
    """The text of a piece of a page, without its elements, in one line."""
    return " ".join(re.sub("<[^>]*>", " ", html).split())
