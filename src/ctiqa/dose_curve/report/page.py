"""Dose curves as one self-contained HTML page for screen, phone and print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ctiqa.dose_curve.crossing import LEVEL, RESAMPLES
from ctiqa.dose_curve.report.chart import chart_of
from ctiqa.dose_curve.report.wording import (
    about,
    band_text,
    dose_text,
    model_text,
    noise_text,
    percent,
    quick_sentence,
    range_text,
    reserve_sentence,
    score_text,
)
from ctiqa.dose_curve.result import DoseCurves
from ctiqa.score.report.facts import NOTICE, acquisition_rows, shown_path
from ctiqa.score.report.page.charts import across
from ctiqa.score.report.page.templating import render_template
from ctiqa.score.verdict import WORDS
from ctiqa.version import __version__

TEMPLATES = Path(__file__).parent / "templates"


def curves_page(curves: DoseCurves, command: str, created: datetime) -> bytes:
    """The page, which needs no other file and no network.

    Args:
        curves: The curves.
        command: Command that was run; empty if there was none.
        created: Time of the run.
    """
    context = {
        "charts": [chart_of(each, curves.plan) for each in curves.series],
        "command": command,
        "created": created,
        "curves": curves,
        "level": f"{100 * LEVEL:.0f} %",
        "lowest": curves.lowest,
        "model": model_text(curves),
        "notice": NOTICE,
        "resamples": RESAMPLES,
        "target": f"{curves.plan.target:g}",
        "version": __version__,
        "words": tuple(enumerate(WORDS)),
    }
    page = render_template("dose-curve.html.j2", _filters(curves), context, TEMPLATES)
    return page.encode("utf-8", "replace")


def _filters(curves: DoseCurves) -> Mapping[str, Callable[..., Any]]:
    return {
        "about": partial(about, curves=curves),
        "across": across,
        "band": lambda series, at: band_text(*series.band[:, at]),
        "dose": dose_text,
        "facts": lambda series: acquisition_rows(series.scan.headers),
        "noise": noise_text,
        "percent": percent,
        "quick": partial(quick_sentence, curves=curves),
        "range": range_text,
        "reserve": partial(reserve_sentence, curves=curves),
        "score": score_text,
        "shown": shown_path,
    }
