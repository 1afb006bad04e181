"""The report as one self-contained HTML page for screen, phone and print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from ctiqa.hu import WINDOWS
from ctiqa.io import read_slice
from ctiqa.score.maps.colours import LIMITS_HU, TICKS_HU, scale
from ctiqa.score.png import data_uri
from ctiqa.score.report.answers import format_noise, shown_in
from ctiqa.score.report.facts import (
    NOTICE,
    REASONS,
    SHARP_KERNEL_NOTE,
    format_interval,
    format_score,
    grouped,
    shown_path,
)
from ctiqa.score.report.measures import GAP
from ctiqa.score.report.model_facts import (
    agreement_basis,
    agreement_rows,
    calibration_text,
    model_rows,
    model_title,
)
from ctiqa.score.report.page.charts import across
from ctiqa.score.report.page.overview import MANY, overview_of
from ctiqa.score.report.page.scan_view import ScanView, scan_names, scan_view
from ctiqa.score.report.page.templating import render_template
from ctiqa.score.report.page.thumbnails import FULL, SMALL
from ctiqa.score.report.report import Report
from ctiqa.score.report.sentences import check, judged, reserve
from ctiqa.score.verdict import ABSTENTIONS, MEANINGS, WORDS, word
from ctiqa.types import Results
from ctiqa.version import __version__


def report_as_html(report: Report, created: datetime | None = None) -> bytes:
    """The report as an HTML page that needs no other file and no network.

    The slices shown are read again, so scoring never has to keep pixels.

    Args:
        report: The report to write.
        created: Time printed on the page; ``None`` is now.
    """
    read = partial(read_slice, options=report.options)
    style = SMALL if len(report.scans) >= MANY else FULL
    named = zip(report.scans, scan_names(report.scans), strict=True)
    views = [
        scan_view(number, verdict, read, name, style)
        for number, (verdict, name) in enumerate(named, start=1)
    ]
    page = report_html(report, views, created or datetime.now().astimezone())
    return page.encode("utf-8", "replace")


def report_html(report: Results, views: list[ScanView], created: datetime) -> str:
    """Fill in the page template: cards of few scans, or the overview of many."""
    context = _context(report, views, created)
    if len(views) < MANY:
        return render_template("report.html.j2", _FILTERS, context)
    return render_template(
        "overview.html.j2", _FILTERS, {**context, "overview": overview_of(views)}
    )


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "across": across,
    "check": check,
    "interval": format_interval,
    "judged": judged,
    "noise": format_noise,
    "reserve": reserve,
    "score": format_score,
    "shown": shown_path,
    "shown_in": shown_in,
    "word": word,
}


def _answered(report: Results) -> dict[str, bool]:
    """What is known beside the scores, so that it is shown and explained."""
    slices = [each for scan in report.scans for each in scan.slices]
    return {
        "reserve": any(each.dose_reserve is not None for each in report.scans),
        "physics": any(each.physics is not None for each in report.scans),
        "noise": any(each.equivalent_noise_hu is not None for each in slices),
        "region": any(each.region is not None for each in slices),
    }


def _context(report: Results, views: list[ScanView], created: datetime) -> dict[str, Any]:
    return {
        "abstentions": ABSTENTIONS,
        "agreement": agreement_rows(report.model),
        "answered": _answered(report),
        "basis": agreement_basis(report.model),
        "created": created,
        "gap": GAP,
        "calibration": calibration_text(report.model),
        "map_limits": LIMITS_HU,
        "map_scale": data_uri(scale()[np.newaxis]),
        "map_ticks": TICKS_HU,
        "model": report.model,
        "model_title": model_title(report.model),
        "model_rows": model_rows(report.model),
        "notice": NOTICE,
        "reasons": REASONS,
        "scale_words": list(enumerate(zip(WORDS, MEANINGS, strict=True))),
        "skipped": grouped(report.skipped),
        "n_skipped": len(report.skipped),
        "version": __version__,
        "views": views,
        "windows": WINDOWS,
        "sharp_kernel_note": SHARP_KERNEL_NOTE,
    }
