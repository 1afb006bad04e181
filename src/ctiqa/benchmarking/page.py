"""The benchmark as one self-contained HTML page for screen, phone and print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ctiqa.benchmarking.as_text import (
    ABSENT,
    all_images,
    columns,
    findings_of,
    headline,
    shown_value,
    unit_of,
)
from ctiqa.benchmarking.changes import Change
from ctiqa.benchmarking.measures import MEASURES, Measure, number, signed
from ctiqa.benchmarking.result import Benchmark
from ctiqa.benchmarking.verdict import Code, sign_of
from ctiqa.metrics.agreement.bootstrap import LEVEL, RESAMPLES
from ctiqa.score.png import data_uri
from ctiqa.score.report.facts import NOTICE
from ctiqa.score.report.page.templating import render_template
from ctiqa.version import __version__

TEMPLATES = Path(__file__).parent / "templates"

MARGIN = 1.08
"""Length of an axis relative to the largest difference on it."""

TONES = {
    Code.BETTER: "good",
    Code.SMOOTHER: "caution",
    Code.WORSE: "bad",
    Code.NO_DIFFERENCE: "",
    Code.CONTRADICTION: "bad",
}
"""Colour of each verdict, as a class of ``benchmark.css``."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The difference of one method in one measure, drawn on an axis.

    Attributes:
        name: The method.
        text: The difference with its interval.
        tone: ``"good"``, ``"bad"`` or empty: whether the difference is shown to be an improvement.
        place: Position of the difference in per cent of the axis.
        low: Position of the lower bound.
        high: Position of the upper bound.
    """

    name: str
    text: str
    tone: str
    place: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The differences of all methods in one measure; 0 is in the middle of the axis.

    Attributes:
        measure: The measure.
        unit: Its unit.
        end: The right end of the axis, with sign.
        start: The left end.
        bars: One per method that has the difference.
    """

    measure: Measure
    unit: str
    start: str
    end: str
    bars: tuple[Bar, ...]


def benchmark_page(benchmark: Benchmark, command: str, created: datetime) -> bytes:
    """The page, which needs no other file and no network.

    Args:
        benchmark: The benchmark.
        command: Command that was run; empty if there was none.
        created: Time of the benchmark.
    """
    context = {
        "absent": ABSENT,
        "benchmark": benchmark,
        "charts": charts(benchmark),
        "columns": columns(benchmark),
        "command": command,
        "created": created,
        "headline": headline(benchmark),
        "images": all_images(benchmark),
        "level": f"{100 * LEVEL:.0f} %",
        "measures": MEASURES,
        "notice": NOTICE,
        "resamples": RESAMPLES,
        "tones": TONES,
        "version": __version__,
    }
    page = render_template("benchmark.html.j2", _FILTERS, context, TEMPLATES)
    return page.encode("utf-8", "replace")


def charts(benchmark: Benchmark) -> tuple[Chart, ...]:
    """One chart per measure in which a method has a difference to the input."""
    found = []
    for measure in columns(benchmark):
        named = [(method.name, method.changes[measure.key]) for method in benchmark.methods]
        known = [(name, change) for name, change in named if change is not None]
        if known:
            found.append(_chart(measure, known, unit_of(measure, per_mm=benchmark.per_mm)))
    return tuple(found)


def _chart(measure: Measure, known: Sequence[tuple[str, Change]], unit: str) -> Chart:
    largest = max(max(abs(each.low), abs(each.high), measure.least) for _, each in known)
    half = MARGIN * largest

    def place(value: float) -> float:
        return round(50 + 50 * value / half, 2)

    bars = tuple(
        Bar(
            name=name,
            text=_difference(change, measure, unit),
            tone={1: "good", -1: "bad", 0: ""}[sign_of(change, measure) * measure.better],
            place=place(change.value),
            low=place(change.low),
            high=place(change.high),
        )
        for name, change in known
    )
    start, end = (number(sign * half, measure, sign="+") for sign in (-1, 1))
    return Chart(measure, unit, start, end, bars)


def _difference(change: Change, measure: Measure, unit: str) -> str:
    low, high = (number(end, measure, sign="+") for end in (change.low, change.high))
    return f"{signed(change.value, replace(measure, unit=unit))} ({low} to {high})"


def _least(measure: Measure) -> str:
    return signed(measure.least, measure).lstrip("+")


def _direction(measure: Measure) -> str:
    return {1: "higher is better", -1: "lower is better", 0: "neither is better"}[measure.better]


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "direction": _direction,
    "findings": findings_of,
    "least": _least,
    "picture": data_uri,
    "unit": unit_of,
    "value": shown_value,
}
