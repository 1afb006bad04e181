"""Measure how fast ctiqa is and how much memory it takes, beside what it is compared to.

Everything that is compared runs in turn, round after round, so that all see the same machine in
the same minute. Figures are medians with the smallest and the largest; ratios are taken round by
round. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.competitors import BATCHES, competitors
from benchmarks.end_to_end import cold_start, files, memory, scaling
from benchmarks.engines import engines, installed
from benchmarks.machine import cores, in_words, is_busy, load, machine, precisions, versions
from benchmarks.process import CommandError
from benchmarks.report import as_json, as_tables
from benchmarks.setting import Section, Setting
from ctiqa.errors import CtiqaError
from ctiqa.io.atomic import write_bytes
from ctiqa.score.engines.protocol import ENGINE_KINDS

WIDTH = 110
"""Columns of the tables where no terminal says how many it has."""

SECTIONS: dict[str, Callable[[Setting], Section]] = {
    "start": cold_start,
    "files": files,
    "engines": engines,
    "competitors": competitors,
    "scaling": scaling,
    "memory": memory,
}
"""What can be measured, in this order."""

QUICK = {"starts": 3, "repeats": 1, "slices": 40, "compared": 8, "memory_slices": (20, 60)}
"""What ``--quick`` measures with, where nothing else is said: a trial, not figures to quote."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description=__doc__.partition("\n")[0] if __doc__ else None
    )
    add = parser.add_argument
    add("--out", type=Path, help="write every run to this .json file")
    add("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    add(
        "--engines",
        nargs="+",
        choices=ENGINE_KINDS,
        metavar="ENGINE",
        help=f"of {', '.join(ENGINE_KINDS)}",
    )
    add("--quick", action="store_true", help="few runs over short series, to try")
    add("--starts", type=positive, help="timed cold starts (9)")
    add("--repeats", type=positive, help="timed rounds of everything else (3)")
    add("--slices", type=positive, help="slices in a series (300)")
    add(
        "--compared",
        type=positive,
        help="slices a competitor scores in a run, a multiple of 8 (16)",
    )
    add("--memory-slices", type=positive, nargs="+", metavar="N", help="lengths (100 600)")
    add("--sides", type=positive, nargs="+", metavar="N", help="matrices (256 512 768 1024)")
    add("--jobs", type=positive, default=cores(), help="--jobs of ctiqa, threads of others")
    add("--model", help="name or path of another model")
    asked = parser.parse_args(arguments)
    if asked.compared is not None and asked.compared % BATCHES[-1]:
        parser.error(f"--compared must be a multiple of {BATCHES[-1]}, got {asked.compared}")
    return asked


def positive(text: str) -> int:
    """A whole number >= 1 from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {text!r}")
    return int(text)


def settle(asked: argparse.Namespace, folder: Path, kinds: tuple[str, ...]) -> Setting:
    """The setting that the command line asks for."""
    quick: dict[str, Any] = QUICK if asked.quick else {}
    names = ("starts", "repeats", "slices", "compared", "memory_slices", "sides")
    said = {name: getattr(asked, name) for name in names}
    chosen = {**quick, **{name: value for name, value in said.items() if value is not None}}
    for name in ("memory_slices", "sides"):
        if name in chosen:
            chosen[name] = tuple(sorted(set(chosen[name])))
    return Setting(folder, kinds, asked.jobs, asked.model, **chosen)


def facts_of(setting: Setting, missing: Sequence[str], load_before: float) -> dict[str, Any]:
    """When, where and how it was measured."""
    names = ("starts", "repeats", "slices", "compared", "memory_slices", "sides", "jobs", "model")
    return {
        "made": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "machine": {**machine(), "load_before": load_before},
        "versions": versions(),
        "engines": precisions(setting.engines),
        "engines_left_out": list(missing),
        "settings": {name: getattr(setting, name) for name in names},
    }


def introduce(console: Console, facts: dict[str, Any]) -> None:
    """Say on what is measured."""
    console.print(in_words(facts["machine"]), soft_wrap=True)
    names = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    kinds = ", ".join(f"{name} ({precision})" for name, precision in facts["engines"].items())
    settings = facts["settings"]
    console.print(f"{names}; engines {kinds}; --jobs {settings['jobs']}", soft_wrap=True)
    console.print(
        f"Median (range); timed starts: {settings['starts']}, rounds of all else: "
        f"{settings['repeats']}",
        soft_wrap=True,
    )
    for why in facts["engines_left_out"]:
        console.print(f"left out: {why}", style="yellow", soft_wrap=True)
    before = facts["machine"]["load_before"]
    if is_busy(before, facts["machine"]["cores"]):
        console.print(
            f"warning: others use this machine (load {before}); expect figures that are too low",
            style="yellow",
            soft_wrap=True,
        )


def measure_all(
    console: Console,
    names: Sequence[str],
    setting: Setting,
    facts: dict[str, Any],
    out: Path | None,
) -> None:
    """Measure sections, print each when it is done, and write what there is so far.

    Raises:
        CommandError: If a measured command fails.
        CtiqaError: If the model cannot be used, or ``out`` cannot be written.
    """
    found: dict[str, Section] = {}
    for name in names:
        with console.status(name) as status:
            found[name] = SECTIONS[name](replace(setting, tell=status.update))
        console.print()
        console.print(as_tables(found[name]))
        if out is not None:
            write_bytes(out, as_json(facts, found).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    asked = parse(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    names = [name for name in SECTIONS if asked.only is None or name in asked.only]
    kinds, missing = installed(asked.engines or ENGINE_KINDS)
    if not kinds:
        sys.stderr.write(f"error: no engine to measure: {'; '.join(missing)}\n")
        return 1
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        setting = settle(asked, Path(folder), kinds)
        facts = facts_of(setting, missing, before)
        introduce(console, facts)
        try:
            measure_all(console, names, setting, facts, asked.out)
        except (CommandError, CtiqaError) as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
    if asked.out is not None:
        console.print(f"\nEvery run is in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
