"""The table of ``ctiqa score`` on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from ctiqa.score.report.answers import shown_in
from ctiqa.score.report.facts import (
    NOTICE,
    REASONS,
    acquisition_rows,
    format_score,
    from_worst_to_best,
    grouped,
    shown_path,
)
from ctiqa.score.report.measures import GAP
from ctiqa.score.report.model_facts import model_title
from ctiqa.score.report.sentences import QUALITY, heading, summary_rows
from ctiqa.score.verdict import WORDS, word_of
from ctiqa.text.plain_text import clean
from ctiqa.types import Results, ScanScore, Skipped, SliceScore

WORST_SHOWN = 3
SKIPPED_SHOWN = 40
"""Maximum number of files listed per reason; the outputs list them all."""

_COLOURS = ("red", "yellow", "yellow", "green", "green")
"""Colour of a word, from 0 to 4."""


def print_report(report: Results) -> None:
    """Print the scores and the skipped inputs on stdout."""
    console = Console(highlight=False)
    for verdict in report.scans:
        _print_scan(console, verdict)
    if report.skipped:
        _print_skipped(console, report.skipped)
    model = f"Model {model_title(report.model)}"
    alone = "" if report.model.get("answers") else " (gives scores alone)"
    console.print(Text(f"{clean(model)}{alone}; scale 0 bad, 4 excellent. {NOTICE}", style="dim"))


def _print_scan(console: Console, verdict: ScanScore) -> None:
    console.print(Text(shown_path(verdict.scan.path), style="bold"), soft_wrap=True)
    if about := heading(verdict):
        console.print(Text(f"  {about}"), soft_wrap=True)
    for label, text in _rows(verdict):
        console.print(Text(f"  {label:<9} ", style="dim").append(text), soft_wrap=True)
    console.print()


def _rows(verdict: ScanScore) -> Iterable[tuple[str, Text]]:
    yield "Series", Text(clean(verdict.scan.series_uid), style="dim")
    for label, text in summary_rows(verdict):
        yield label, _quality_text(verdict, text) if label == QUALITY else Text(text)
    scored = sum(each.score is not None for each in verdict.slices)
    if len(verdict.slices) > 1 and scored:
        lowest = " · ".join(_short(each) for each in from_worst_to_best(verdict)[:WORST_SHOWN])
        yield "Worst", Text(lowest)
    facts = " · ".join(text for _, text in acquisition_rows(verdict.scan.headers))
    yield "Acquired", Text(facts)
    for warning in verdict.warnings:
        yield "Warning", Text(clean(warning), style="yellow")


def _quality_text(verdict: ScanScore, quality: str) -> Text:
    """The row of the quality, with the score in the colour of its word."""
    word = word_of(verdict)
    style = f"bold {_COLOURS[WORDS.index(word)]}" if word else "bold"
    score, *rest = quality.split(GAP)
    return Text(score, style=style).append("".join(GAP + each for each in rest), "not bold default")


def _short(verdict: SliceScore) -> str:
    source = verdict.header.source
    name = clean(source.file.name) + (f"[{source.frame}]" if source.frame else "")
    content = shown_in(verdict)
    number = format_score(verdict, worded=False)
    return f"{name} {number}" + (f" ({content})" if content else "")


def _print_skipped(console: Console, skipped: Iterable[Skipped]) -> None:
    for reason, files in grouped(skipped).items():
        console.print(Text(f"Skipped {len(files)}: {REASONS[reason]} ({reason})", style="bold"))
        for each in files[:SKIPPED_SHOWN]:
            line = Text("  ").append(shown_path(each.file)).append(f"  {clean(each.detail)}", "dim")
            console.print(line, soft_wrap=True)
        if len(files) > SKIPPED_SHOWN:
            console.print(f"  and {len(files) - SKIPPED_SHOWN} more; --out FILE lists them all")
    console.print()
