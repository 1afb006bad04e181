"""Tables of ablations and comparisons: CSV, JSON, Markdown, and a picture; published beside."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctiqa.evaluate.ablation import NAMES, Row
from ctiqa.evaluate.published import PublishedRow
from ctiqa.io.atomic import write_bytes

OWN, PAPER = "#1f5fa8", "#9aa5b1"


def write_tables(
    rows: Sequence[Row],
    published: Mapping[str, PublishedRow],
    folder: Path,
    name: str,
    facts: Mapping[str, Any],
) -> list[Path]:
    """Write ``NAME.csv``, ``.json``, ``.md`` and ``.png``.

    Args:
        rows: What was measured here.
        published: Published rows by the name of the variant.
        folder: Where they go.
        name: Name of the files.
        facts: Command, date, data hash, time taken.

    Returns:
        The files.
    """
    files = [folder / f"{name}{suffix}" for suffix in (".csv", ".json", ".md", ".png")]
    content = {"schema": 2, **facts, "rows": [asdict(row) for row in rows]}
    made = (
        table_csv(rows),
        json.dumps(content, indent=1) + "\n",
        table_markdown(rows, published, facts),
    )
    for file, text in zip(files, made, strict=False):
        write_bytes(file, text.encode())
    write_bytes(files[-1], picture(rows, published))
    return files


def table_csv(rows: Sequence[Row]) -> str:
    """One line a variant."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    clipped = tuple(f"{name}_clipped" for name in NAMES)
    further = ("overall_sd", "overall_low", "overall_high", "teacher_overall", *clipped)
    writer.writerow(("variant", "seeds", *NAMES, *further))
    for row in rows:
        low, high = row.interval or ("", "")
        figures = [round(row.figures[name], 6) for name in NAMES]
        within = (round(row.clipped[name], 6) for name in NAMES)
        ends = (row.spread, low, high, row.teacher_overall, *within)
        writer.writerow((row.variant, row.seeds, *figures, *("" if e is None else e for e in ends)))
    return stream.getvalue()


def table_markdown(
    rows: Sequence[Row], published: Mapping[str, PublishedRow], facts: Mapping[str, Any]
) -> str:
    """The table to read; what a paper published stands in its own last column."""
    source = next((row.source for row in published.values()), "")
    on = next((row.measured_on for row in published.values()), "")
    head = (
        "| | overall (95 % interval) | PLCC | SROCC | KROCC | MAE | MSE | overall, clipped "
        "| teacher |"
    )
    rule = "|---|---|---|---|---|---|---|---|---|"
    lines = [head + (" published* |" if published else ""), rule + ("---|" if published else "")]
    for row in rows:
        cells = [row.variant, _overall(row), *(f"{row.figures[n]:.3f}" for n in NAMES[1:])]
        cells.append(f"{row.clipped['overall']:.3f}")
        cells.append("" if row.teacher_overall is None else f"{row.teacher_overall:.3f}")
        if published:
            theirs = published.get(row.variant)
            cells.append("" if theirs is None else f"{theirs.overall:.4f}")
        lines.append(f"| {' | '.join(cells)} |")
    notes = (
        [f"\n\\* {source}; {on}: not to be compared with the other columns."] if published else []
    )
    return "\n".join([*lines, *notes, "", _words(facts)]) + "\n"


def _overall(row: Row) -> str:
    value = f"{row.figures['overall']:.3f}"
    if row.interval:
        value += f" ({row.interval[0]:.3f}-{row.interval[1]:.3f})"
    return value if row.spread is None else f"{value} ± {row.spread:.3f}"


def _words(facts: Mapping[str, Any]) -> str:
    return "  \n".join(f"{name}: `{value}`" for name, value in facts.items())


def picture(rows: Sequence[Row], published: Mapping[str, PublishedRow]) -> bytes:
    """Overall figure of every variant with its interval; published figures as hollow marks."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(7.5, 0.9 + 0.38 * len(rows)), dpi=120, layout="constrained")
    axes = figure.subplots()
    places = list(range(len(rows)))[::-1]
    for place, row in zip(places, rows, strict=True):
        value = row.figures["overall"]
        if row.interval:
            axes.plot(row.interval, (place, place), color=OWN, linewidth=2, alpha=0.5)
        axes.plot(value, place, "o", color=OWN, label="here" if place == places[0] else None)
        if row.variant in published:
            theirs = published[row.variant].overall
            axes.plot(theirs, place, "D", markerfacecolor="white", color=PAPER)
    if any(row.variant in published for row in rows):
        axes.plot([], [], "D", markerfacecolor="white", color=PAPER, label="published, other data")
    axes.set_yticks(places, [row.variant for row in rows])
    axes.set_xlabel("overall = |PLCC| + |SROCC| + |KROCC|")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="best")
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
