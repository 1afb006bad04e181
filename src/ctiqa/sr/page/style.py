"""Fonts, colours and paragraphs of the PDF.

The fonts are those that every PDF viewer has; they cover Western European letters.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from ctiqa.text.plain_text import clean

FONT, BOLD = "Helvetica", "Helvetica-Bold"

TEXT, SMALL = 8.5, 7
"""Font sizes in points."""

INK: Color = HexColor("#1a1a1a")
GREY: Color = HexColor("#5f6770")
RULE: Color = HexColor("#d5d9de")
BAND: Color = HexColor("#c9dcef")
LINE: Color = HexColor("#1f5f99")

LONGEST = 600
"""Maximum number of characters of one text, so that the report has two pages at most."""

STYLES = {
    "title": ParagraphStyle("title", fontName=BOLD, fontSize=16, leading=20, textColor=INK),
    "notice": ParagraphStyle("notice", fontName=BOLD, fontSize=TEXT, leading=11, textColor=INK),
    "subtitle": ParagraphStyle(
        "subtitle", fontName=FONT, fontSize=9.5, leading=13, textColor=GREY, spaceBefore=3
    ),
    "section": ParagraphStyle(
        "section", fontName=BOLD, fontSize=10, leading=13, textColor=INK, spaceBefore=9
    ),
    "text": ParagraphStyle("text", fontName=FONT, fontSize=TEXT, leading=10.5, textColor=INK),
    "label": ParagraphStyle("label", fontName=FONT, fontSize=TEXT, leading=10.5, textColor=GREY),
    "number": ParagraphStyle(
        "number", fontName=FONT, fontSize=TEXT, leading=10.5, textColor=INK, alignment=2
    ),
}
"""Styles of paragraphs by name."""


def line(text: str, style: str = "text") -> Paragraph:
    """A paragraph.

    Args:
        text: Plain text of any origin.
        style: Key of :data:`STYLES`.
    """
    return Paragraph(escape(pdf_text(text)), STYLES[style])


def pdf_text(text: str) -> str:
    """A text with the characters that the fonts have; others become question marks.

    >>> pdf_text("Müller · 日本")
    'Müller · ??'
    """
    return clean(text, LONGEST).encode("cp1252", "replace").decode("cp1252")
