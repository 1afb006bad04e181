"""Pages made for the tests, and their text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

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


def text_of(html: str) -> str:
    """The text of a piece of a page, without its elements, in one line."""
    return " ".join(re.sub("<[^>]*>", " ", html).split())
