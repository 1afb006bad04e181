"""A comparison as one self-contained HTML page for screen, phone and print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ctiqa.diff.differences import Difference
from ctiqa.diff.intervals import FEWEST_SLICES, LEVEL
from ctiqa.diff.left_out import left_out_lines, not_read
from ctiqa.diff.measures import MEASURES, Measure, shown_value
from ctiqa.diff.measuring import Measured
from ctiqa.diff.report.charts import charts_of
from ctiqa.diff.report.headline import compared_text
from ctiqa.diff.result import Comparison
from ctiqa.diff.verdict import Code
from ctiqa.diff.wording import described, not_compared
from ctiqa.score.report.facts import NOTICE, acquisition_rows, shown_path
from ctiqa.score.report.model_facts import model_title
from ctiqa.score.report.page.templating import render_template
from ctiqa.score.report.sentences import heading
from ctiqa.version import __version__

TEMPLATES = Path(__file__).parent / "templates"

TONES: Mapping[Code, str] = {
    Code.BETTER: "good",
    Code.WORSE: "bad",
    Code.SMOOTHER: "caution",
    Code.SHARPER_NOISIER: "caution",
}
"""Colour of a verdict, as a class of ``diff.css``; others have none."""


@dataclass(frozen=True, slots=True)
class ScanView:
    """One of the two scans as shown on the page.

    Attributes:
        name: ``"A"`` or ``"B"``.
        path: File or folder.
        uid: UID of the series.
        heading: Region, scanner, kernel and tube voltage.
        facts: Acquisition parameters as (label, text).
        skipped: Why inputs were not read; empty if all were.
    """

    name: str
    path: str
    uid: str
    heading: str
    facts: list[tuple[str, str]]
    skipped: str


def comparison_page(comparison: Comparison, command: str, created: datetime) -> bytes:
    """The page, which needs no other file and no network.

    Args:
        comparison: The comparison.
        command: Command that was run; empty if there was none.
        created: Time of the comparison.
    """
    context = {
        "charts": charts_of(comparison),
        "command": command,
        "compared": compared_text(comparison),
        "created": created,
        "absent": not_compared(comparison.differences.values()),
        "differences": [found for found in comparison.differences.values() if found.n],
        "fewest": FEWEST_SLICES,
        "left_out": left_out_lines(*comparison.scans, comparison.found),
        "level": f"{100 * LEVEL:.0f} %",
        "measures": MEASURES,
        "model": model_title(comparison.a.facts),
        "notes": comparison.notes,
        "notice": NOTICE,
        "rule": comparison.found.rule,
        "tone": TONES.get(comparison.verdict.code, ""),
        "verdict": comparison.verdict,
        "version": __version__,
        "views": [_view(scan) for scan in comparison.scans],
    }
    page = render_template("diff.html.j2", _FILTERS, context, TEMPLATES)
    return page.encode("utf-8", "replace")


def _view(scan: Measured) -> ScanView:
    found = scan.score.scan
    return ScanView(
        name=scan.name,
        path=shown_path(found.path),
        uid=found.series_uid,
        heading=heading(scan.score),
        facts=acquisition_rows(found.headers),
        skipped=not_read(scan.skipped),
    )


def _least(measure: Measure) -> str:
    """The smallest difference that is claimed."""
    if measure.ratio:
        return f"{100 * measure.accuracy:g} %"
    return f"{measure.accuracy:g} {measure.unit}".strip()


def _ends(found: Difference) -> tuple[str, str]:
    return shown_value(found.a, found.measure), shown_value(found.b, found.measure)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "described": described,
    "ends": _ends,
    "least": _least,
}
