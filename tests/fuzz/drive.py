"""Running a target for a while: children that read, and a watch on how they end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from tests.fuzz.targets import READ, TARGETS, make_input

ROOT = Path(__file__).parents[2]
MAX_SECONDS = 10.0
"""Longest time for one input."""

CHILD = ("-m", "tests.fuzz.child")
"""What Python is started with to read; the target, the seed and the first number follow."""

START_SECONDS = 120.0
"""Longest time until a child is ready, on a busy machine."""

KEPT = 3
"""Files kept of findings that read alike."""


@dataclass(frozen=True)
class Finding:
    """Something that must not happen.

    Attributes:
        target: Name of the target.
        kind: ``"uncaught"``, ``"crash"``, ``"slow"``, ``"memory"`` or ``"text"``.
        what: What was seen.
        seed, number: What makes the input again.
        file: A copy of it.
    """

    target: str
    kind: str
    what: str
    seed: int
    number: int
    file: str = ""


@dataclass
class Tally:
    """What came of one target.

    Attributes:
        target: Its name.
        seed: What the inputs were drawn from.
        seconds: How long it ran.
        inputs: Number of inputs.
        ends: Inputs by how they ended.
        findings: Inputs that ended as none may, by kind.
        examples: A few of each.
    """

    target: str
    seed: int
    seconds: float = 0.0
    inputs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    examples: list[Finding] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Inputs that were read."""
        return self.ends[READ]

    def as_json(self) -> dict[str, object]:
        """For a file."""
        examples = [asdict(each) for each in self.examples]
        counts = {"ends": dict(self.ends), "findings": dict(self.findings)}
        return {**vars(self), **counts, "examples": examples}


class Child:
    """A process that reads, and the lines that it says."""

    def __init__(self, target: str, seed: int, first: int, folder: Path) -> None:
        given = (target, str(seed), str(first), str(folder))
        command = [sys.executable, *CHILD, *given]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines: Queue[str] = Queue()
        self._said = ""
        self._threads = [
            Thread(target=hear, daemon=True) for hear in (self._listen, self._overhear)
        ]
        for thread in self._threads:
            thread.start()

    def line(self, seconds: float) -> str | None:
        """The next line; ``None`` where none comes in time, empty at the end."""
        try:
            return self._lines.get(timeout=seconds)
        except Empty:
            return None

    def end(self) -> str:
        """Kill it if it still runs; how it ended."""
        running = self._process.poll() is None
        self._process.kill()
        status = self._process.wait()
        for thread in self._threads:
            thread.join()
        return "killed" if running else f"status {status}: {self._said[-300:]}"

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put("")

    def _overhear(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                self._said = (self._said + line)[-2000:]


def drive(target: str, *, seed: int, seconds: float, most: int | None, out: Path) -> Tally:
    """Read broken files of one kind.

    Args:
        target: Its name.
        seed: What the inputs are drawn from.
        seconds: How long.
        most: How many at the most; ``None`` for any number.
        out: Folder for what was found.
    """
    tally = Tally(target, seed)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        while tally.inputs < (most or sys.maxsize) and time.monotonic() - start < seconds:
            for number, end, kind, what in _run(tally, Path(folder), start + seconds, most):
                tally.inputs = number + 1
                tally.ends[end] += 1
                if kind:
                    _keep(tally, Finding(target, kind, what, seed, number), out)
    tally.seconds = round(time.monotonic() - start, 1)
    return tally


def _run(
    tally: Tally, folder: Path, deadline: float, most: int | None
) -> Iterator[tuple[int, str, str, str]]:
    """The inputs of one child: number, how it ended, kind of finding, what was seen."""
    number = tally.inputs
    child = Child(tally.target, tally.seed, number, folder)
    if not child.line(START_SECONDS):
        raise RuntimeError(f"the child for {tally.target} does not start: {child.end()}")
    kind = ""
    while time.monotonic() < deadline and number < (most or sys.maxsize) and kind != "memory":
        line = child.line(MAX_SECONDS)
        if not line:
            ended = child.end()
            yield (
                (number, "slow", "slow", "") if line is None else (number, "crash", "crash", ended)
            )
            return
        number, end, kind, what = json.loads(line)
        yield number, end, kind, what
        number += 1
    child.end()


def _keep(tally: Tally, found: Finding, out: Path) -> None:
    """Count a finding, and keep its file unless there are enough like it."""
    tally.findings[found.kind] += 1
    alike = [each for each in tally.examples if _gist(each) == _gist(found)]
    if len(alike) >= KEPT:
        return
    target = TARGETS[found.target]
    path = out / "found" / f"{found.target}-{found.seed}-{found.number}-{target.file}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_input(target, found.seed, found.number).content)
    tally.examples.append(replace(found, file=str(path)))


def _gist(found: Finding) -> str:
    """A finding without the numbers and the quotations in it."""
    return found.kind + re.sub(r"\d+", "#", found.what.partition("'")[0])[:120]
