"""The score on its scale: number, word, interval."""

from __future__ import annotations

from reportlab.graphics.shapes import Drawing, Line, Rect, String

from ctiqa.score.report.facts import format_interval, format_score
from ctiqa.score.report.page.charts import across
from ctiqa.score.verdict import WORDS, has_sharp_kernel
from ctiqa.sr.page.style import BAND, BOLD, FONT, GREY, INK, LINE, RULE, SMALL, pdf_text
from ctiqa.types import ScanScore

HEIGHT = 62.0
LEFT, RIGHT = 225.0, 24.0
"""Space beside the scale, in points."""

BAR_AT, BAR_HIGH = 28.0, 9.0


def scale_drawing(verdict: ScanScore, width: float) -> Drawing:
    """The score as text, and as a mark on the scale from 0 to 4 if there is one.

    Words stand at the scale only where the score may have one.

    Args:
        verdict: The scan.
        width: In points.
    """
    drawing = Drawing(width, HEIGHT)
    number, _, rest = pdf_text(format_score(verdict)).partition(" ")
    if verdict.score is None:
        number, rest = "not scored", ""
    drawing.add(String(0, 24, number, fontName=BOLD, fontSize=26, fillColor=INK))
    if not has_sharp_kernel(verdict):
        drawing.add(
            String(len(number) * 13 + 8, 24, rest, fontName=FONT, fontSize=18, fillColor=INK)
        )
    if verdict.interval is not None:
        text = f"of 4; 90 % interval {format_interval(verdict.interval)}"
        drawing.add(String(0, 8, text, fontName=FONT, fontSize=9, fillColor=GREY))
    if verdict.score is not None:
        _add_scale(drawing, verdict, width - LEFT - RIGHT)
    return drawing


def _add_scale(drawing: Drawing, verdict: ScanScore, length: float) -> None:
    def place(score: float) -> float:
        return LEFT + length * across(score) / 100

    low, high = verdict.interval or (verdict.score or 0.0, verdict.score or 0.0)
    drawing.add(Rect(LEFT, BAR_AT, length, BAR_HIGH, fillColor=RULE, strokeColor=None))
    drawing.add(
        Rect(
            place(low), BAR_AT, place(high) - place(low), BAR_HIGH, fillColor=BAND, strokeColor=None
        )
    )
    at = place(verdict.score or 0.0)
    drawing.add(Line(at, BAR_AT - 4, at, BAR_AT + BAR_HIGH + 4, strokeColor=LINE, strokeWidth=2.5))
    for number, word in enumerate(WORDS):
        text = str(number) if has_sharp_kernel(verdict) else f"{number} {word}"
        drawing.add(
            String(
                place(number),
                BAR_AT - 13,
                text,
                fontName=FONT,
                fontSize=SMALL,
                fillColor=GREY,
                textAnchor="middle",
            )
        )
