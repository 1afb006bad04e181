"""The report of one scan as a PDF of one or two pages, always with the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate

from ctiqa.score.report.facts import NOTICE, acquisition_rows
from ctiqa.score.report.measures import GAP
from ctiqa.score.report.model_facts import calibration_text
from ctiqa.score.report.sentences import heading, plain_words, summary_rows
from ctiqa.sr.page.curve import curve_drawing
from ctiqa.sr.page.scale import scale_drawing
from ctiqa.sr.page.style import FONT, GREY, SMALL, line, pdf_text
from ctiqa.sr.page.tables import answers_table, pairs_table, quantities_table, rows_table
from ctiqa.types import ScanScore
from ctiqa.version import __version__

MARGIN = 16 * mm
FOOT = 9 * mm
WIDTH = A4[0] - 2 * MARGIN
"""Of the text, in points."""

FRAME_PADDING = 6
"""What reportlab leaves free around the text, in points."""

MOST_WARNINGS = 8
"""Further warnings are counted."""


def report_as_pdf(verdict: ScanScore, model: Mapping[str, Any], series_uid: str) -> bytes:
    """The report of a scan as PDF.

    Args:
        verdict: The scan.
        model: Facts of the model.
        series_uid: Series instance UID, by which a printed page can be assigned to its images.

    Returns:
        The file; equal results have equal bytes. It has no date and is not compressed, because
        compressed bytes depend on the version of zlib.
    """
    stream = io.BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        invariant=1,
        pageCompression=0,
        title="CT image quality",
        author="ctiqa",
        subject=NOTICE,
    )
    foot = partial(_foot, uid=series_uid)
    document.build(_story(verdict, model), onFirstPage=foot, onLaterPages=foot)
    return stream.getvalue()


def _story(verdict: ScanScore, model: Mapping[str, Any]) -> list[Flowable]:
    """What stands on the pages, from top to bottom."""
    curve = [line("Score of the slices along z", "section"), curve_drawing(verdict, WIDTH)]
    return [
        line("CT image quality", "title"),
        line(NOTICE, "notice"),
        line(heading(verdict), "subtitle"),
        scale_drawing(verdict, WIDTH),
        rows_table(_summary(verdict), WIDTH),
        *(curve if verdict.score is not None and len(verdict.slices) > 1 else ()),
        line("Measurements", "section"),
        quantities_table(verdict, WIDTH),
        line("Findings and notes", "section"),
        answers_table(verdict, WIDTH),
        line("Acquisition and model", "section"),
        pairs_table(acquisition_rows(verdict.scan.headers), WIDTH),
        rows_table(_model(model), WIDTH),
    ]


def _summary(verdict: ScanScore) -> list[tuple[str, str]]:
    """What other reports say in words, and the warnings on the series."""
    shown = [("Warning", text) for text in verdict.warnings[:MOST_WARNINGS]]
    if more := len(verdict.warnings) - MOST_WARNINGS:
        shown += [("Warning", f"{more} more")] if more > 0 else []
    plain = plain_words(verdict)
    rows = [*summary_rows(verdict), *([("In short", plain)] if plain else ()), *shown]
    return [(label, text.replace(GAP, "; ")) for label, text in rows]


def _model(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("Model", f"{model.get('name')} {model.get('version')}, ctiqa {__version__}"),
        ("Calibration", calibration_text(model)),
        ("Digest", str(model.get("sha256") or "")),
    ]
    return [(label, text) for label, text in rows if text]


def _foot(canvas: Canvas, document: SimpleDocTemplate, uid: str) -> None:
    """Notice, series and page number, at the foot of every page."""
    canvas.saveState()
    canvas.setFont(FONT, SMALL)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, FOOT + 9, pdf_text(NOTICE))
    canvas.drawString(MARGIN, FOOT, pdf_text(f"Series {uid}"))
    canvas.drawRightString(A4[0] - MARGIN, FOOT, f"page {document.page}")
    canvas.restoreState()
