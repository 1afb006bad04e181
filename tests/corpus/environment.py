"""Faults of the world around: how often each is injected, and how often something was lost.

``python -m tests.corpus.environment`` runs the tests that inject them and prints a table; with
``--report`` it goes into docs/reliability.md too. The exit status is 1 where something was lost.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.corpus import page

ROOT = Path(__file__).parents[2]

STREAMS, WORLD = "tests/cli/console/test_streams.py", "tests/cli/console/test_world.py"
STOPPING, ORDERED = "tests/cli/console/test_stopping.py", "tests/io/processes/test_ordered.py"
EXTRAS = "tests/cli/test_extras.py"

FAULTS: tuple[tuple[str, str, str], ...] = (
    (
        "standard output or error is full, closed, or closed by its reader",
        "result files, exit status",
        f"{STREAMS}::test_results_are_written_wherever_the_output_goes",
    ),
    (
        "a terminal in another encoding or of an odd width",
        "result files, exit status",
        f"{STREAMS}::test_terminals_change_the_look_alone",
    ),
    (
        "file names that are no text",
        "result files",
        f"{STREAMS}::test_names_that_are_no_text_are_read_and_written",
    ),
    (
        "Ctrl-C or SIGTERM while slices are scored",
        "slices scored before",
        f"{STOPPING}::test_what_is_done_is_kept",
    ),
    (
        "Ctrl-C or SIGTERM before a slice is scored",
        "results of an earlier run",
        f"{STOPPING}::test_before_anything_is_scored_there_is_nothing_to_keep",
    ),
    (
        "Ctrl-C while results are written",
        "result files",
        f"{STOPPING}::test_results_are_written_to_their_end",
    ),
    ("no home folder", "the run", f"{WORLD}::test_a_user_without_a_home"),
    ("the working folder is gone", "the run", f"{WORLD}::test_a_working_folder_that_is_gone"),
    (
        "few open files allowed",
        "the sentence about it",
        f"{WORLD}::test_few_open_files",
    ),
    ("little memory allowed", "the sentence about it", f"{WORLD}::test_little_memory"),
    (
        "an optional library is not installed",
        "the sentence about it",
        f"{EXTRAS}::test_without_an_extra",
    ),
    (
        "a process that decodes dies or hangs",
        "other slices",
        f"{ORDERED}::test_a_process_that_dies_or_hangs_costs_one_item",
    ),
    (
        "the run is killed while processes decode",
        "processes left behind",
        f"{ORDERED}::test_nothing_is_left_when_the_caller_is_killed",
    ),
    (
        "daemonic, forked and nested processes, threads",
        "the run",
        "tests/score/test_daemonic.py",
    ),
    (
        "the patient's name in every element that is shown, in any encoding",
        "the name, in any output",
        "tests/score/test_planted_name.py",
    ),
    (
        "a guard that lets nobody look up a name or connect",
        "a packet",
        "tests/test_network.py",
    ),
)
"""What is injected, what could be lost, and the tests that inject it."""


@dataclass(frozen=True)
class Count:
    """How often a fault was injected.

    Attributes:
        times: Tests that ran.
        lost: Tests that failed.
    """

    times: int
    lost: int


def count(selector: str) -> Count:
    """Run some tests, each of which injects a fault once."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "-p", "no:randomly", f"--junitxml={report}")
        command = [sys.executable, "-m", "pytest", *options, selector]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        # The report is pytest's own.
        suite = ElementTree.parse(report).getroot()[0]  # noqa: S314
    ran, skipped, failed, broken = (
        int(suite.attrib[key]) for key in ("tests", "skipped", "failures", "errors")
    )
    return Count(ran - skipped, failed + broken)


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.environment")
    parser.add_argument("--report", action="store_true", help="write docs/reliability.md")
    given = parser.parse_args(arguments)
    counts = [count(selector) for *_, selector in FAULTS]
    rows = [("injected", "times", "what could be lost", "lost")]
    for (what, could, _), found in zip(FAULTS, counts, strict=True):
        rows.append((what, str(found.times), could, str(found.lost)))
    table = page.markdown(rows)
    print(table)
    if given.report:
        page.publish("environment", table)
    return 1 if any(found.lost for found in counts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
