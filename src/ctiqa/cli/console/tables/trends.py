"""Trends on the terminal: what needs attention first, then counts and groups."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctiqa.score.report.facts import NOTICE
from ctiqa.text.plain_text import clean
from ctiqa.trends.limits import LimitsChecked, Unchecked, Violation
from ctiqa.trends.result import ScanGroup, Trends

MOST_SHOWN = 6
"""Alarms and outliers that are printed; the others are counted."""

MOST_LIMITS = 12
"""The same for limits: one sentence for each key that is broken or was not checked."""

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
    alarms = f"{_count(len(trends.alarms), 'alarm')} of the control charts, the newest first"
    _print_list(console, alarms, [each.sentence for each in trends.alarms], "yellow")
    outliers = f"{_count(len(trends.outliers), 'outlier')}, the worst first"
    _print_list(console, outliers, [each.sentence for each in trends.outliers], "yellow")
    console.print()
    console.print(_groups(trends.groups))
    for line in _small_print(trends):
        _print(console, Text(line, style="dim"))


def _print_limits(console: Console, limits: LimitsChecked) -> None:
    """Violations, and what could not be checked: of each limit and key the first sentence."""
    if not limits.violations:
        kept = f"\nNo violation of {_count(limits.n_limits, 'limit')}"
        _print(console, Text(kept, style="green"))
    count = _count(len(limits.violations), "violation")
    broken, unchecked = _summed_up(limits.violations), _summed_up(limits.unchecked)
    _print_list(console, f"{count} of limits", broken, "bold red", MOST_LIMITS)
    _print_list(console, "Not checked", unchecked, "yellow", MOST_LIMITS)


def _summed_up(found: Sequence[Violation | Unchecked]) -> list[str]:
    """The first sentence of each limit and key, with the number of the others."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in found:
        kinds.setdefault((each.rule, each.key), []).append(each.sentence)
    return [
        first if not others else f"{first} (and {len(others)} more of {rule}: {key})"
        for (rule, key), (first, *others) in kinds.items()
    ]


def _print_list(
    console: Console, title: str, sentences: Sequence[str], style: str, most: int = MOST_SHOWN
) -> None:
    """A title, the first sentences, and the number of the others."""
    if not sentences:
        return
    _print(console, Text(f"\n{title}", style=style))
    for sentence in sentences[:most]:
        _print(console, Text(f"  {sentence}"))
    if (more := len(sentences) - most) > 0:
        _print(console, Text(f"  and {more:,} more", style="dim"))


def _heading(trends: Trends) -> str:
    first, last = trends.first, trends.last
    days = str(first) if first == last else f"{first} to {last}"
    parts = [
        trends.store,
        _count(trends.n, "scan"),
        days if first else "without days",
        trends.model,
    ]
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
