"""Measured and published results side by side, never in one column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ctiqa.errors import UsageError
from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS, PublishedRow, published_rows
from ctiqa.evaluate.evaluation import Evaluation

HEAD = "| | overall | PLCC | SROCC | KROCC | MAE | MSE |\n|---|---|---|---|---|---|---|"

CAUTION = (
    "Rows of different test sets are not comparable: other slices, other labels, other splits. "
    "Slices held out of the challenge's 1,000 training slices score about 0.16 higher than its "
    "official 300."
)


def with_published(found: Evaluation, tables: Sequence[str]) -> str:
    """Measured results, and below them published ones, each with its test set, as Markdown.

    Args:
        found: The evaluation.
        tables: Names of published tables, or ``all``.

    Raises:
        UsageError: If a table does not exist.
    """
    check_tables(tables)
    rows = [row for row in published_rows() if "all" in tables or row.table in tables]
    groups = groupby(rows, key=lambda row: (row.measured_on, row.source))
    parts = [_measured(found), *(_published(*key, list(group)) for key, group in groups), CAUTION]
    return "\n\n".join(parts) + "\n"


def table_names() -> tuple[str, ...]:
    """Names of the published tables."""
    return tuple(dict.fromkeys(row.table for row in published_rows()))


def check_tables(names: Sequence[str]) -> None:
    """Check names of published tables.

    Raises:
        UsageError: If a table does not exist.
    """
    known = (*table_names(), "all")
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"'published' must be among {', '.join(known)}, got {', '.join(unknown)}")


def _measured(found: Evaluation) -> str:
    labelled = found.labelled
    lines = [
        f"**Measured**: {len(labelled.examples)} examples of {labelled.patients} patients, split "
        f"{labelled.split}, data {labelled.content[:16]}; 95 % intervals",
        "",
        HEAD,
    ]
    for each in found.models:
        main = found.main_estimates(each)
        overall = f"{main['overall'].value:.4f}"
        if interval := main["overall"].interval:
            overall += f" ({interval[0]:.3f}-{interval[1]:.3f})"
        cells = [
            each.predictor.name,
            overall,
            *(f"{main[name].value:.4f}" for name in PUBLISHED_METRICS[1:]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _published(measured_on: str, source: str, rows: Sequence[PublishedRow]) -> str:
    lines = [f"**Published**: {source}; {measured_on}", "", HEAD, *map(_line, rows)]
    return "\n".join(lines)


def _line(row: PublishedRow) -> str:
    return f"| {' | '.join([row.name, *published_cells(row)])} |"


def published_cells(row: PublishedRow | None) -> list[str]:
    """The six metrics as published; empty cells for metrics or rows that are not.

    >>> published_cells(None)
    ['', '', '', '', '', '']
    """
    known = {} if row is None else row.by_name
    return [f"{known[name]:.4f}" if name in known else "" for name in PUBLISHED_METRICS]
