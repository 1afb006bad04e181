"""The result of ``ctiqa calibrate`` on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctiqa.calibration.file import Calibration
from ctiqa.score.report.facts import NOTICE, shown_path
from ctiqa.text.plain_text import clean

LEFT_OUT_SHOWN = 40
"""Most cases left out that are listed."""

FEW_PATIENTS = 20
"""With fewer patients, intervals from resampling them are too narrow."""

_METRICS = {"plcc": "PLCC", "srocc": "SROCC", "mae": "MAE", "bias": "Bias"}
_COLUMNS = ("before", "after", "change", "readers")


def print_calibration(made: Calibration, out: Path) -> None:
    """Print a calibration and its evidence on stdout."""
    console = Console(highlight=False)
    model = made.facts["model"]
    title = f"Calibration {made.name} for {model['name']} {model['version']}"
    console.print(Text(clean(title), style="bold"), soft_wrap=True)
    for label, text in _rows(made):
        console.print(Text(f"  {label:<9} ", style="dim").append(clean(text)), soft_wrap=True)
    console.print(_agreement(made.facts["agreement"]))
    for note in _notes(made.facts):
        console.print(Text(f"  Note: {note}", style="yellow"), soft_wrap=True)
    _print_left_out(console, made.left_out)
    console.print(Text(f"Wrote {shown_path(out)}. {NOTICE}", style="dim"), soft_wrap=True)


def _rows(made: Calibration) -> Iterator[tuple[str, str]]:
    facts = made.facts
    counts = f"{made.cases} of {facts['patients']} patients"
    yield "Cases", f"{counts}; {facts['readings']} scores by {_counted(made.readers, 'reader')}"
    if effects := facts["reader_effects"]:
        bias = ", ".join(f"{name} {value:+.2f}" for name, value in made.reader_bias.items())
        spread = f"SD {effects['between_sd']:.2f} between, {effects['within_sd']:.2f} within"
        yield "Readers", f"bias {bias}; {spread}"
    low, high = made.covered
    at = [low + (high - low) * k / 4 for k in range(5)]
    pairs = zip(at, made.curve(at).tolist(), strict=True)
    yield "Map", f"{facts['map']['form']}: {', '.join(f'{x:.1f} → {y:.1f}' for x, y in pairs)}"
    yield (
        "Interval",
        f"{100 * facts['interval']['level']:.0f} % of readers' scores: ± {made.half_width:.2f}",
    )


def _agreement(found: Mapping[str, Any]) -> Table:
    """Metrics against the mean of the readers, with intervals."""
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
    heads = {
        "before": "before",
        "after": "after, patients left out",
        "change": "change",
        "readers": "reader vs. the others",
    }
    shown = [name for name in _COLUMNS if found[name]]
    table.add_column("  Agreement", style="dim")
    for name in shown:
        table.add_column(heads[name])
    for metric, label in _METRICS.items():
        table.add_row(f"  {label}", *(_measure(found[name][metric]) for name in shown))
    return table


def _measure(entry: Mapping[str, Any]) -> str:
    low, high = map(_number, entry["interval"])
    return f"{_number(entry['value'])} ({low} to {high})"


def _number(value: float) -> str:
    """A number with two decimals and a minus sign; zero has none.

    >>> _number(-0.25), _number(-0.001)
    ('−0.25', '0.00')
    """
    return f"{value:z.2f}".replace("-", "−")


def _notes(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts["map"]["form"] == "identity":
        yield (
            "nothing to gain: the model's scores are kept, with the interval for these readers; "
            "no other map had less error on patients left out, beyond its standard error."
        )
    if facts["reader_effects"] is None:
        yield (
            "no case has several readers: how readers differ is not known, and the map follows "
            "these readers."
        )
    elif facts["agreement"]["readers"] is None:
        yield "fewer than 10 cases were read by all readers: their agreement is not reported."
    if facts["patients_from"] == "series":
        yield "the table names no patients: the cases of one series count as one patient."
    if facts["patients"] < FEW_PATIENTS:
        yield f"{facts['patients']} patients are few: the intervals of agreement are too narrow."


def _print_left_out(console: Console, left_out: tuple[str, ...]) -> None:
    if not left_out:
        return
    head = f"Left out {_counted(len(left_out), 'case')}:"
    console.print(Text(head, style="bold"))
    for each in left_out[:LEFT_OUT_SHOWN]:
        console.print(Text(f"  {clean(each)}"), soft_wrap=True)
    if len(left_out) > LEFT_OUT_SHOWN:
        console.print(f"  and {len(left_out) - LEFT_OUT_SHOWN} more")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
