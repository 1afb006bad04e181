"""Tables of ablations and comparisons: CSV, JSON, Markdown, and a chart.

Published results of the same variants have a separate table and separate columns: they were
measured on different data.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS, PublishedRow
from ctiqa.evaluate.ablation.published_table import HEAD, published_cells
from ctiqa.evaluate.ablation.results import VariantSummary
from ctiqa.io.atomic import write_bytes

OWN, PAPER = "#1f5fa8", "#9aa5b1"


def write_tables(
    rows: Sequence[VariantSummary],
    published: Mapping[str, PublishedRow],
    folder: Path,
    name: str,
    facts: Mapping[str, Any],
) -> list[Path]:
    """Write ``NAME.csv``, ``.json``, ``.md`` and ``.png``.

    Args:
        rows: Measured results.
        published: Published rows by name of the variant.
        folder: Folder of the files.
        name: Name of the files.
        facts: Command, date, data hash, time taken.

    Returns:
        The files.
    """
    files = [folder / f"{name}{suffix}" for suffix in (".csv", ".json", ".md", ".png")]
    content = {
        "schema": 3,
        **facts,
        "rows": [asdict(row) for row in rows],
        "published": [_published_values(each) for each in _published_rows(rows, published)],
    }
    made = (
        table_csv(rows, published),
        json.dumps(content, indent=1) + "\n",
        table_markdown(rows, published, facts),
    )
    for file, text in zip(files, made, strict=False):
        write_bytes(file, text.encode())
    write_bytes(files[-1], chart(rows, published))
    return files


def _published_rows(
    rows: Sequence[VariantSummary], published: Mapping[str, PublishedRow]
) -> list[PublishedRow]:
    """The published rows of these variants, in their order."""
    return [published[row.variant] for row in rows if row.variant in published]


def _published_values(row: PublishedRow) -> dict[str, Any]:
    values = {name: row.by_name.get(name) for name in PUBLISHED_METRICS}
    return {
        "variant": row.name,
        **values,
        "measured_on": row.measured_on,
        "source": row.source,
    }


def table_csv(rows: Sequence[VariantSummary], published: Mapping[str, PublishedRow]) -> str:
    """One line per variant; published results, on different data, in columns ``published_…``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    clipped = tuple(f"{name}_clipped" for name in PUBLISHED_METRICS)
    further = ("overall_sd", "overall_low", "overall_high", "teacher_overall", *clipped)
    theirs = tuple(f"published_{name}" for name in PUBLISHED_METRICS)
    writer.writerow(("variant", "seeds", *PUBLISHED_METRICS, *further, *theirs))
    for row in rows:
        low, high = row.interval or ("", "")
        metrics = [round(row.metrics[name], 6) for name in PUBLISHED_METRICS]
        within = (round(row.clipped[name], 6) for name in PUBLISHED_METRICS)
        ends = ["" if e is None else e for e in (row.spread, low, high, row.teacher_overall)]
        cells = published_cells(published.get(row.variant))
        writer.writerow((row.variant, row.seeds, *metrics, *ends, *within, *cells))
    return stream.getvalue()


def table_markdown(
    rows: Sequence[VariantSummary], published: Mapping[str, PublishedRow], facts: Mapping[str, Any]
) -> str:
    """The Markdown table, and below it published results in the same order."""
    lines = [
        "| | overall (95 % interval) | PLCC | SROCC | KROCC | MAE | MSE | overall, clipped "
        "| teacher |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [
            row.variant,
            _overall(row),
            *(f"{row.metrics[n]:.3f}" for n in PUBLISHED_METRICS[1:]),
        ]
        cells.append(f"{row.clipped['overall']:.3f}")
        cells.append("" if row.teacher_overall is None else f"{row.teacher_overall:.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    below = _published_table(_published_rows(rows, published))
    return "\n".join([*lines, "", *below, _facts(facts)]) + "\n"


def _published_table(rows: Sequence[PublishedRow]) -> list[str]:
    """Lines of the published table, with its test sets; empty without rows."""
    if not rows:
        return []
    origins = dict.fromkeys(f"{row.source}; {row.measured_on}" for row in rows)
    lines = [f"| {' | '.join([row.name, *published_cells(row)])} |" for row in rows]
    head = f"Published, not to be compared with the table above: {' and '.join(origins)}."
    return [head, "", HEAD, *lines, ""]


def _overall(row: VariantSummary) -> str:
    value = f"{row.metrics['overall']:.3f}"
    if row.interval:
        value += f" ({row.interval[0]:.3f}-{row.interval[1]:.3f})"
    return value if row.spread is None else f"{value} ± {row.spread:.3f}"


def _facts(facts: Mapping[str, Any]) -> str:
    return "  \n".join(f"{name}: `{value}`" for name, value in facts.items())


def chart(rows: Sequence[VariantSummary], published: Mapping[str, PublishedRow]) -> bytes:
    """``overall`` of every variant with its interval; published values as hollow marks."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(7.5, 0.9 + 0.38 * len(rows)), dpi=120, layout="constrained")
    axes = figure.subplots()
    places = list(range(len(rows)))[::-1]
    for place, row in zip(places, rows, strict=True):
        value = row.metrics["overall"]
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
