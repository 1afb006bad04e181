"""Dose curves as plain text: a short table per series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctiqa.dose_curve.report.wording import (
    about,
    band_text,
    model_text,
    noise_text,
    percent,
    quick_sentence,
    reserve_sentence,
    score_text,
)
from ctiqa.dose_curve.result import DoseCurves, LeftOut, SeriesCurve
from ctiqa.score.report.facts import NOTICE, shown_path
from ctiqa.text.plain_text import clean

HEADS = ("dose", "score", "90 %", "equivalent noise", "quick")
SKIPPED_SHOWN = 10
"""Maximum number of skipped files and series that are listed; the JSON file has them all."""


def curves_as_text(curves: DoseCurves) -> str:
    """The table of every series, its reserve, and what was skipped."""
    lines = [line for series in curves.series for line in (*_series(series, curves), "")]
    if curves.skipped:
        lines += [*_skipped(curves.skipped), ""]
    lines.append(f"Model {model_text(curves)}; scale 0 bad, 4 excellent. {NOTICE}")
    return "\n".join(lines)


def _series(series: SeriesCurve, curves: DoseCurves) -> Iterator[str]:
    yield shown_path(series.scan.path)
    yield f"  Series   {clean(series.scan.series_uid)}"
    yield f"  Basis    {about(series, curves)}"
    yield ""
    yield from (f"  {line}" for line in _table(series, curves))
    yield ""
    yield f"  Reserve  {reserve_sentence(series, curves)}"
    yield f"           {quick_sentence(series, curves)}"
    for warning in series.warnings:
        yield f"  Warning  {clean(warning)}"


def _table(series: SeriesCurve, curves: DoseCurves) -> list[str]:
    rows = [
        (
            percent(dose),
            score_text(series.scores[k]),
            band_text(*series.band[:, k]),
            noise_text(series.noise_hu[k]),
            score_text(series.quick_scores[k]),
        )
        for k, dose in enumerate(curves.plan.doses)
    ]
    return _aligned([HEADS, *rows])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _skipped(skipped: Sequence[LeftOut]) -> Iterator[str]:
    yield f"Skipped: {len(skipped)}"
    for each in skipped[:SKIPPED_SHOWN]:
        yield f"  {shown_path(each.file)}: {clean(each.detail)}"
    if len(skipped) > SKIPPED_SHOWN:
        yield f"  and {len(skipped) - SKIPPED_SHOWN} more"
