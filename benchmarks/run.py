"""Measure cold start, throughput and memory of ``ctiqa score``, and print a table.

Every figure is that of whole processes, from start to exit, with files in the cache of the system.
Each run of ctiqa is followed by a run of pydicom alone over the same files (one process, reading
and decoding, nothing else), so that both see the same machine in the same minute. Memory is
watched in runs of its own, so that watching costs no time in the others.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.machine import in_words, machine, versions
from benchmarks.process import CommandError, Peak, peak_memory, wall_time
from benchmarks.series import EXAMPLE, as_stored, make_series, uncompressed

SCHEMA = 1

WIDTH = 110
"""Columns of the table where no terminal says how many it has."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure.

    Attributes:
        name: What it is, for people.
        path: What is scored.
        slices: Number of slices in it.
        repeats: How often it is timed.
    """

    name: str
    path: Path
    slices: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured.

    Attributes:
        name: Name of the case.
        slices: Number of slices.
        ctiqa_s: Seconds of each run of ctiqa.
        pydicom_s: Seconds of the run of pydicom after each of them.
        peak: Memory of ctiqa.
    """

    name: str
    slices: int
    ctiqa_s: list[float]
    pydicom_s: list[float]
    peak: Peak

    @property
    def slices_per_s(self) -> float:
        """Throughput of the median run, starting the process included."""
        return self.slices / median(self.ctiqa_s)


def score_command(path: Path, jobs: int, model: str | None) -> list[str]:
    """The command that is measured."""
    program = str(Path(sys.executable).with_name("ctiqa"))
    chosen = [] if model is None else ["--model", model]
    return [program, "score", str(path), "--jobs", str(jobs), *chosen]


def measure(case: Case, jobs: int, model: str | None) -> Result:
    """Measure one case; a run that does not count goes first.

    Raises:
        CommandError: If a run fails.
    """
    score = score_command(case.path, jobs, model)
    read = [sys.executable, "-m", "benchmarks.reading", str(case.path)]
    wall_time(score), wall_time(read)
    pairs = [(wall_time(score), wall_time(read)) for _ in range(case.repeats)]
    return Result(
        name=case.name,
        slices=case.slices,
        ctiqa_s=[first for first, _ in pairs],
        pydicom_s=[second for _, second in pairs],
        peak=peak_memory(score),
    )


def make_cases(folder: Path, asked: argparse.Namespace) -> list[Case]:
    """One slice, and two series made in ``folder``."""
    one = sorted(EXAMPLE.glob("*.dcm"))[0]
    raw = make_series(folder / "uncompressed", asked.slices, uncompressed)
    packed = make_series(folder / "jpeg-ls", asked.slices, as_stored)
    return [
        Case("cold start, one slice", one, 1, asked.starts),
        Case(f"{asked.slices} slices, uncompressed", raw, asked.slices, asked.repeats),
        Case(f"{asked.slices} slices, JPEG-LS", packed, asked.slices, asked.repeats),
    ]


def as_table(results: Sequence[Result]) -> Table:
    """The figures for people: median, and smallest to largest."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("", "ctiqa s", "slices/s", "pydicom alone s", "peak RSS MiB", "peak PSS MiB"):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for result in results:
        table.add_row(
            result.name,
            spread(result.ctiqa_s),
            f"{result.slices_per_s:.1f}" if result.slices > 1 else "",
            spread(result.pydicom_s),
            f"{result.peak.rss_mib:.0f}",
            "" if result.peak.pss_mib is None else f"{result.peak.pss_mib:.0f}",
        )
    return table


def spread(seconds: Sequence[float]) -> str:
    """Median and range of some times.

    >>> spread([2.0, 1.0, 4.0])
    '2.00 (1.00-4.00)'
    """
    return f"{median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


def as_json(results: Sequence[Result], asked: argparse.Namespace) -> str:
    """The figures for programs, every single run included."""
    settings = {name: getattr(asked, name) for name in ("starts", "repeats", "slices", "jobs")}
    content = {
        "schema": SCHEMA,
        "made": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "settings": {**settings, "model": asked.model},
        "results": [
            {**asdict(each), "slices_per_s": round(each.slices_per_s, 2)} for each in results
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description=__doc__.partition("\n")[0] if __doc__ else None
    )
    parser.add_argument("--out", type=Path, help="write every run to this .json file")
    parser.add_argument("--starts", type=positive, default=9, help="timed cold starts")
    parser.add_argument("--repeats", type=positive, default=3, help="timed runs over a series")
    parser.add_argument("--slices", type=positive, default=300, help="slices in a series")
    parser.add_argument("--jobs", type=positive, default=2, help="--jobs of ctiqa score")
    parser.add_argument("--model", help="--model of ctiqa score")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """A whole number >= 1.

    Raises:
        argparse.ArgumentTypeError: If the text is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {text!r}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    asked = parse(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(in_words(machine()), soft_wrap=True)
    console.print(
        ", ".join(f"{name} {number}" for name, number in versions().items())
        + f"; --jobs {asked.jobs}; median (range) of {asked.starts} starts, {asked.repeats} series",
        soft_wrap=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            with console.status("Measuring"):
                results = [
                    measure(case, asked.jobs, asked.model)
                    for case in make_cases(Path(folder), asked)
                ]
        except CommandError as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
    console.print(as_table(results))
    if asked.out is not None:
        asked.out.write_text(as_json(results, asked), encoding="utf-8")
        console.print(f"Every run is in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
