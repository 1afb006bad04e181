"""The report as one self-contained HTML page for screen, phone and print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    acquisition_rows,
    format_interval,
    format_range,
    format_score,
    grouped,
    shown_path,
)
from ctiqa.score.report.model_facts import (
    agreement_basis,
    agreement_rows,
    calibration_text,
    model_rows,
    model_title,
)
from ctiqa.score.report.page.charts import Curve, across, curve_of
from ctiqa.score.report.page.templating import render_template
from ctiqa.score.report.page.thumbnails import Thumbnail, make_thumbnails
from ctiqa.score.report.report import Report
from ctiqa.score.report.sentences import summary_rows
from ctiqa.score.verdict import ABSTENTIONS, MEANINGS, WORDS, has_sharp_kernel, word
from ctiqa.text.plain_text import clean
from ctiqa.types import Results, ScanScore, Slice, SliceHeader
from ctiqa.version import __version__


@dataclass(frozen=True, slots=True)
class ScanView:
    """One scan as shown on the page.

    Attributes:
        number: 1 for the first scan of the report.
        name: Its short name.
        verdict: Its scores.
        sharp: Whether its kernel is sharp, so that no word is used.
        answers: What the model answers beside the score, as (label, text).
        facts: Acquisition parameters as (label, text).
        curve: Score along z; ``None`` for a single slice.
        thumbnails: Images of some slices.
    """

    number: int
    name: str
    verdict: ScanScore
    sharp: bool
    answers: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    curve: Curve | None
    thumbnails: list[Thumbnail]


def report_as_html(report: Report, created: datetime | None = None) -> bytes:
    """The report as an HTML page that needs no other file and no network.

    The slices shown are read again, so scoring never has to keep pixels.

    Args:
        report: The report to write.
        created: Time printed on the page; ``None`` is now.
    """
    read = partial(read_slice, options=report.options)
    named = zip(report.scans, scan_names(report.scans), strict=True)
    views = [
        scan_view(number, verdict, read, name)
        for number, (verdict, name) in enumerate(named, start=1)
    ]
    page = report_html(report, views, created or datetime.now().astimezone())
    return page.encode("utf-8", "replace")


def scan_view(
    number: int, verdict: ScanScore, read: Callable[[SliceHeader], Slice], name: str
) -> ScanView:
    """Collect what the page shows of one scan; ``read`` returns the pixels of a slice."""
    return ScanView(
        number=number,
        name=name,
        verdict=verdict,
        sharp=has_sharp_kernel(verdict),
        answers=summary_rows(verdict),
        facts=acquisition_rows(verdict.scan.headers),
        curve=curve_of(verdict) if len(verdict.slices) > 1 else None,
        thumbnails=make_thumbnails(verdict, read),
    )


def scan_names(verdicts: Sequence[ScanScore]) -> list[str]:
    """Short names of scans: the last part of the path, with the end of the UID if ambiguous."""
    names = [clean(each.scan.path.name) or shown_path(each.scan.path) for each in verdicts]
    repeated = {name for name, count in Counter(names).items() if count > 1}
    return [
        f"{name} (series …{clean(each.scan.series_uid)[-8:]})" if name in repeated else name
        for name, each in zip(names, verdicts, strict=True)
    ]


def report_html(report: Results, views: list[ScanView], created: datetime) -> str:
    """Fill in the page template; every text is escaped."""
    return render_template("report.html.j2", _FILTERS, _context(report, views, created))


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "across": across,
    "interval": format_interval,
    "noise": format_noise,
    "range": format_range,
    "score": format_score,
    "shown": shown_path,
    "shown_in": shown_in,
    "word": word,
}


def _answered(report: Results) -> dict[str, bool]:
    """What the model answers beside the score, so that it has a column."""
    slices = [each for scan in report.scans for each in scan.slices]
    return {
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
