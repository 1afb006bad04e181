"""What came of the runs, as a table; and the same in docs/reliability.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.corpus import page
from tests.fuzz.drive import Tally

KINDS = ("uncaught", "crash", "slow", "memory", "text")
"""Kinds of findings, in the order of the columns."""

HEAD = ("target", "inputs", "read", "refused", *KINDS)


def save(tally: Tally, out: Path) -> None:
    """Write the counts of one run."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{tally.target}-{tally.seed}.json"
    path.write_text(json.dumps(tally.as_json(), indent=1) + "\n")


def load(out: Path) -> list[Tally]:
    """The counts of all runs, one of them a target."""
    sums: dict[str, Tally] = {}
    for path in sorted(out.glob("*.json")):
        run = json.loads(path.read_text())
        whole = sums.setdefault(run["target"], Tally(run["target"], run["seed"]))
        whole.inputs += run["inputs"]
        whole.seconds += run["seconds"]
        whole.ends += Counter(run["ends"])
        whole.findings += Counter(run["findings"])
    return list(sums.values())


def table(tallies: Sequence[Tally]) -> str:
    """One row a target, and their sum."""
    return page.markdown([HEAD, *map(_row, tallies), _row(_sum(tallies))])


def reasons(tallies: Iterable[Tally]) -> str:
    """How often each reason was given, over all targets."""
    ends = sum((tally.ends for tally in tallies), Counter())
    return ", ".join(f"{end} {count:,}" for end, count in ends.most_common())


def publish(out: Path) -> str:
    """Put the counts of all runs into the page; returns the table."""
    tallies = load(out)
    made = f"{table(tallies)}\n\nHow the inputs ended: {reasons(tallies)}.\n"
    page.publish("fuzz", made)
    return made


def _row(tally: Tally) -> tuple[str, ...]:
    refused = tally.inputs - tally.read - sum(tally.ends[end] for end in ("error", "crash", "slow"))
    counts = (tally.inputs, tally.read, refused, *(tally.findings[kind] for kind in KINDS))
    return (tally.target, *(f"{count:,}" for count in counts))


def _sum(tallies: Iterable[Tally]) -> Tally:
    whole = Tally("all", 0)
    for tally in tallies:
        whole.inputs += tally.inputs
        whole.ends += tally.ends
        whole.findings += tally.findings
    return whole
