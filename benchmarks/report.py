"""The figures as tables for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.rounds import Comparison, Times
from benchmarks.setting import Memory, Section

SCHEMA = 2


def as_tables(section: Section) -> RenderableType:
    """A section for people: title, how to read it, figures, what was left out."""
    parts: list[RenderableType] = [Text(section.title, style="bold"), Text(section.note, "dim")]
    if section.comparisons:
        parts.append(times_table(section.comparisons))
    if section.memory:
        parts.append(memory_table(section.memory))
    parts += [Text(f"left out: {why}", style="yellow") for why in section.left_out]
    return Group(*parts)


def times_table(comparisons: Sequence[Comparison]) -> Table:
    """Median and range of seconds and of ratios, and slices per second of the median run."""
    table = _table("", "", "seconds", "slices/s", "ratio")
    for compared in comparisons:
        name = compared.name
        # A start's rate would say no more than its seconds.
        has_rate = any(times.slices > 1 for times in compared.times)
        for times in compared.times:
            is_reference = times.name == compared.reference
            ratio = "1" if is_reference else spread(compared.ratios(times))
            rate = _rate(times) if has_rate else ""
            table.add_row(name, times.name, spread(times.seconds), rate, ratio)
            name = ""
    return table


def memory_table(memory: Sequence[Memory]) -> Table:
    """A row for every case, and for every length of series its RSS and PSS in MiB."""
    lengths = sorted({each.slices for each in memory})
    titles = [f"{kind} MiB, {slices}" for slices in lengths for kind in ("RSS", "PSS")]
    table = _table("slices in the series:", *titles)
    peaks = {(each.name, each.slices): each.peak for each in memory}
    for name in dict.fromkeys(each.name for each in memory):
        cells: list[str] = []
        for slices in lengths:
            peak = peaks.get((name, slices))
            cells += [
                "" if peak is None else f"{peak.rss_mib:.0f}",
                "" if peak is None or peak.pss_mib is None else f"{peak.pss_mib:.0f}",
            ]
        table.add_row(name, *cells)
    return table


def spread(values: Sequence[float]) -> str:
    """Median and range, with as many digits as a figure of that size deserves.

    >>> spread([2.0, 1.0, 4.0]), spread([151.2, 160.0, 148.9])
    ('2.00 (1.00–4.00)', '151 (149–160)')
    """
    middle = median(values)
    digits = _digits(middle)
    return f"{middle:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def as_json(facts: Mapping[str, Any], sections: Mapping[str, Section]) -> str:
    """The figures for programs, every single run included.

    Args:
        facts: When, where and how it was measured.
        sections: What was measured, by name.
    """
    found = {name: dict(_section(section)) for name, section in sections.items()}
    return json.dumps({"schema": SCHEMA, **facts, "sections": found}, indent=1) + "\n"


def _section(section: Section) -> Iterator[tuple[str, object]]:
    yield "title", section.title
    yield "note", section.note
    yield "comparisons", [_comparison(each) for each in section.comparisons]
    yield "memory", [asdict(each) for each in section.memory]
    yield "left_out", list(section.left_out)


def _comparison(compared: Comparison) -> dict[str, object]:
    times = [
        {
            **asdict(each),
            "slices_per_s": round(each.slices_per_s, 3),
            "ratios": [round(ratio, 4) for ratio in compared.ratios(each)],
        }
        for each in compared.times
    ]
    return {"name": compared.name, "reference": compared.reference, "times": times}


def _rate(times: Times) -> str:
    """Slices per second of the median run."""
    return f"{times.slices_per_s:.{_digits(times.slices_per_s)}f}"


def _digits(value: float) -> int:
    """Digits after the point that leave about three in all."""
    return 2 if value < 10 else 1 if value < 100 else 0


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, title in enumerate(titles):
        left = number == 0 or not title
        table.add_column(title, justify="left" if left else "right", no_wrap=True)
    return table
