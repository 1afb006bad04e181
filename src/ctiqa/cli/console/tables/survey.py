"""What ``ctiqa survey`` prints."""

from __future__ import annotations

from collections.abc import Iterator

from ctiqa.archive.totals import Totals
from ctiqa.cli.console.say import complain, say
from ctiqa.errors import Reason
from ctiqa.score.report.facts import REASONS
from ctiqa.store.store import Store


def before_lines(store: Store) -> Iterator[str]:
    """What to say of earlier surveys that did not come to their end."""
    runs = store.runs()
    open_runs = runs.filter((runs["kind"] == "survey") & runs["ended"].is_null())
    if runs.height and open_runs.height and open_runs["id"][-1] == runs["id"][-1]:
        started, stored = open_runs["started"][-1], open_runs["scans"][-1]
        yield (
            f"The survey of {started:%Y-%m-%d %H:%M} UTC did not come to its end (stopped, or "
            f"still running); it has stored {stored} series. Going on with the rest."
        )


def print_totals(totals: Totals, *, where: str, has_list: bool) -> None:
    """Print the summary of a survey.

    Args:
        totals: The numbers.
        where: Where results went, e.g. ``"the store"``.
        has_list: Whether the skipped files are listed in a file.
    """
    for line in total_lines(totals, where=where, has_list=has_list):
        say(line)
    for name, why in totals.failed.items():
        complain(f"{name} could not be listed: {why}")
    if totals.stopped:
        say("Stopped: what is stored is kept. The same command goes on with the rest.", err=True)


def total_lines(totals: Totals, *, where: str, has_list: bool) -> Iterator[str]:
    """The summary of a survey, line by line."""
    gone = f", {totals.gone} gone since the last survey" if totals.gone else ""
    yield f"Files    {totals.listed} listed, {totals.unchanged} unchanged{gone}"
    parts = [f"{totals.stored} new in {where}"]
    if totals.known:
        parts.append(f"{totals.known} already there")
    if totals.left_out:
        parts.append(f"{totals.left_out} not chosen")
    yield f"Series   {', '.join(parts)}"
    if totals.skipped:
        hint = "" if has_list else " ('--skipped FILE.csv' lists them)"
        files = "1 file" if len(totals.skipped) == 1 else f"{len(totals.skipped)} files"
        yield f"Skipped  {files}{hint}:"
    for reason, count in totals.reasons.items():
        yield f"  {count:>7} × {REASONS.get(Reason(reason), reason)} ({reason})"
        for detail in totals.usual_details(reason):
            yield f"            {detail}"
