"""The checks of ``ctiqa config check`` on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctiqa.clinic.config.checks.check import Check
from ctiqa.text.plain_text import clean

STYLES = {"ok": "green", "note": "", "warning": "yellow", "broken": "red"}
"""Colour of a state."""


def print_checks(checks: Sequence[Check]) -> None:
    """Print the checks as a table, and how many are not well."""
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in checks:
        state = Text(each.state, style=STYLES[each.state])
        table.add_row(state, clean(each.what), Text(_one_line(each.sentence)))
    console.print(table)
    console.print(Text(_summary(checks)), soft_wrap=True)


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def _summary(checks: Sequence[Check]) -> str:
    counts = {state: sum(each.state == state for each in checks) for state in STYLES}
    warnings = "1 warning" if counts["warning"] == 1 else f"{counts['warning']} warnings"
    return (
        f"{len(checks)} checks: {counts['broken']} broken, {warnings}, "
        f"{counts['ok'] + counts['note']} well"
    )
