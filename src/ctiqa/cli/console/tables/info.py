"""The model card on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctiqa.score.report.facts import NOTICE
from ctiqa.score.report.model_facts import agreement_basis, agreement_rows, model_rows
from ctiqa.text.plain_text import clean


def print_card(card: Mapping[str, Any]) -> None:
    """Print a model card on stdout."""
    console = Console(highlight=False)
    console.print(_pairs(model_rows(card)))
    if rows := agreement_rows(card):
        basis = agreement_basis(card)
        console.print(Text(f"\nMeasured agreement{f' on {basis}' if basis else ''}", style="bold"))
        console.print(_pairs(rows))
    console.print(Text(f"\n{NOTICE}", style="dim"))


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, Text(clean(text)))
    return table
