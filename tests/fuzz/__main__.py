"""Break files, read them, and count how that ends.

Run it in the root of the repository::

    python -m tests.fuzz dicom --seconds 60        # one target, or several, or all
    python -m tests.fuzz all --seconds 600 --jobs 2 --seed 7
    python -m tests.fuzz dicom --seed 7 --only 41  # one input again, with its traceback
    python -m tests.fuzz --report                  # the counts, into docs/reliability.md

Counts and the files of findings go to ``runs/fuzz``; the exit status is 1 where something was
found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz import report
from tests.fuzz.child import prepare
from tests.fuzz.drive import ROOT, Tally, drive
from tests.fuzz.targets import TARGETS, make_input


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    given = _parser().parse_args(arguments)
    out: Path = given.out
    if given.report:
        print(report.publish(out))
        return 0
    names = list(TARGETS) if "all" in given.targets else given.targets
    if given.only is not None:
        return _again(names[0], given.seed, given.only)
    if given.altogether is not None:
        given.seconds = given.altogether * given.jobs / len(names)
    with ThreadPoolExecutor(given.jobs) as hands:
        tallies = list(hands.map(lambda name: _run(name, given), names))
    print(report.table(tallies))
    return 1 if any(tally.findings for tally in tallies) else 0


def _run(name: str, given: argparse.Namespace) -> Tally:
    """Run one target and write down what came of it."""
    tally = drive(name, seed=given.seed, seconds=given.seconds, most=given.inputs, out=given.out)
    report.save(tally, given.out)
    for finding in tally.examples:
        print(f"{finding.target} {finding.kind}: {finding.what}\n  {finding.file}", file=sys.stderr)
    return tally


def _again(name: str, seed: int, number: int) -> int:
    """Read one input in this process, so that its traceback can be seen."""
    target = TARGETS[name]
    made = make_input(target, seed, number)
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(target, Path(folder))
        path.write_bytes(made.content)
        end, texts = target.door(path, made.lenient)
    print("\n".join([end, *texts]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each target")
    parser.add_argument("--altogether", type=float, help="seconds for all targets, instead")
    parser.add_argument("--inputs", type=int, help="at most, for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="read one input again")
    parser.add_argument("--report", action="store_true", help="write docs/reliability.md")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "fuzz")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
