"""Trends on the terminal: what needs attention first, then counts and groups."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctiqa.score.report.facts import NOTICE
from ctiqa.text.plain_text import clean
from ctiqa.trends.limits import LimitsChecked
from ctiqa.trends.result import ScanGroup, Trends

MOST_SHOWN = 5
"""Violations, alarms and outliers that are printed; the others are counted."""

MOST_GROUPS = 10
"""Groups that are printed."""

COLUMNS = (
    ("score", "score", ".2f"),
    ("equivalent_noise_hu", "noise HU", ".1f"),
    ("ctdivol_mgy", "CTDIvol mGy", ".1f"),
)
"""Medians in the table of groups: column, title and format."""


def print_trends(trends: Trends, limits: LimitsChecked | None) -> None:
    """Print trends on stdout.

    Args:
        trends: The trends.
        limits: The outcome of a check of limits; ``None`` if there was none.
    """
    console = Console(highlight=False)
    _print(console, Text(_heading(trends), style="bold"))
    if limits is not None:
        _print_limits(console, limits)
    _print_list(console, "alarm", [each.sentence for each in trends.alarms], "yellow")
    _print_list(console, "outlier", [each.sentence for each in trends.outliers], "yellow")
    console.print()
    console.print(_groups(trends.groups))
    for line in _small_print(trends):
        _print(console, Text(line, style="dim"))


def _print_limits(console: Console, limits: LimitsChecked) -> None:
    """Violations, and what could not be checked."""
    broken = [each.sentence for each in limits.violations]
    if not broken:
        _print(
            console, Text(f"\nNo violation of {_count(limits.n_limits, 'limit')}", style="green")
        )
    _print_list(console, "violation", broken, "bold red")
    _print_list(console, "gap", [each.sentence for each in limits.unchecked], "yellow")


def _print_list(console: Console, noun: str, sentences: Sequence[str], style: str) -> None:
    """A heading with the number, and the first sentences."""
    if not sentences:
        return
    more = len(sentences) - MOST_SHOWN
    first = f", the first {MOST_SHOWN}" if more > 0 else ""
    _print(console, Text(f"\n{_TITLES[noun](len(sentences))}{first}", style=style))
    for sentence in sentences[:MOST_SHOWN]:
        _print(console, Text(f"  {sentence}"))


_TITLES = {
    "violation": lambda count: f"{_count(count, 'violation')} of limits",
    "gap": lambda count: f"Not checked, {_count(count, 'case')}",
    "alarm": lambda count: f"{_count(count, 'alarm')} of the control charts, the newest first",
    "outlier": lambda count: f"{_count(count, 'outlier')}, the worst first",
}
"""Headings of the lists."""


def _heading(trends: Trends) -> str:
    days = f"{trends.first} to {trends.last}" if trends.first else "without days"
    parts = [trends.store, _count(trends.n, "scan"), days, trends.model]
    return " · ".join(part for part in parts if part)


def _groups(groups: Sequence[ScanGroup]) -> Table:
    """The largest groups with their medians."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    more = len(groups) - MOST_GROUPS
    table.add_column(f"group (largest of {len(groups)})" if more > 0 else "group")
    for title in ("scans", *(title for _, title, _ in COLUMNS)):
        table.add_column(title, justify="right")
    for group in groups[:MOST_GROUPS]:
        found = [(group.distributions.get(name), how) for name, _, how in COLUMNS]
        medians = ["" if each is None else format(each.p50, how) for each, how in found]
        table.add_row(Text(clean(group.label)), str(group.n), *medians)
    return table


def _small_print(trends: Trends) -> list[str]:
    """What was left out, and what to keep in mind."""
    lines = [f"{_count(each.n, 'scan')} left out: {each.reason}" for each in trends.left_out]
    expected = f"Expected false alarms a year: {trends.false_alarms_per_year:.2g} at most"
    return [*lines, *trends.notes, f"{expected}. {NOTICE}"]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _print(console: Console, text: Text) -> None:
    cleaned = Text("\n".join(clean(line) for line in text.plain.split("\n")), style=text.style)
    console.print(cleaned, soft_wrap=True)
