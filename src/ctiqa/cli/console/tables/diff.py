"""The result of ``ctiqa diff`` on the terminal: the verdict, then a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctiqa.diff.left_out import left_out_lines, not_read
from ctiqa.diff.measures import MEASURES, shown_value
from ctiqa.diff.report.headline import compared_text
from ctiqa.diff.result import Comparison
from ctiqa.diff.wording import described, not_compared
from ctiqa.score.report.facts import NOTICE, shown_path
from ctiqa.score.report.model_facts import model_title
from ctiqa.score.report.sentences import heading
from ctiqa.text.plain_text import clean


def print_comparison(comparison: Comparison) -> None:
    """Print a comparison on stdout."""
    console = Console(highlight=False)
    for scan in comparison.scans:
        line = Text(f"{scan.name}  ", style="bold").append(shown_path(scan.score.scan.path))
        about = heading(scan.score)
        _print(console, line.append(f"  {about}" if about else "", style="not bold dim"))
    console.print()
    for sentence in comparison.verdict.sentences:
        _print(console, Text(clean(sentence), style="bold"))
    for note in comparison.notes:
        _print(console, Text(f"Note: {clean(note)}.", style="yellow"))
    console.print()
    console.print(_table(comparison))
    _print(console, Text(_explained(comparison), style="dim"))
    for missing in not_compared(comparison.differences.values()):
        _print(console, Text(f"Not compared: {missing}"))
    for left_out in left_out_lines(*comparison.scans, comparison.found):
        _print(console, Text(clean(left_out)))
    for scan in comparison.scans:
        if count := len(scan.skipped):
            noun = "input" if count == 1 else "inputs"
            verb = "was" if count == 1 else "were"
            why = not_read(scan.skipped)
            _print(console, Text(f"{count} {noun} of {scan.name} {verb} not read: {why}"))
    model = f"Model {model_title(comparison.a.facts)}. {NOTICE}"
    _print(console, Text(clean(model), style="dim"))


def _table(comparison: Comparison) -> Table:
    """One row per measure: A, B, and the difference with its interval."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for title in ("A", "B"):
        table.add_column(title, justify="right")
    table.add_column("B − A", no_wrap=True)
    table.add_column("slices", justify="right")
    for measure in MEASURES:
        found = comparison.differences[measure.key]
        if found.value is not None:
            name = f"{measure.title} {measure.unit}".strip()
            ends = [shown_value(each, measure) for each in (found.a, found.b)]
            text = described(found) + (" no interval" if found.low is None else "")
            table.add_row(name, *ends, Text(text, "bold" if found.sign else ""), str(found.n))
    return table


def _explained(comparison: Comparison) -> str:
    return (
        f"{compared_text(comparison)}; 95 % intervals over slices, in blocks along z; bold: shown, "
        "beyond the accuracy of the measure."
    )


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
