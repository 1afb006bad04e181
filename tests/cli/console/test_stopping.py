"""Ctrl-C and SIGTERM keep what is done, whenever they come."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import TIMEOUT_S, Outcome, Run
from tests.score.made import write_series

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

SLOWLY = """
import sys, time
from pathlib import Path

started, seconds, where = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]

def slow(owner, name):
    whole = getattr(owner, name)
    def wait(*words, **more):
        with started.open("a") as file:
            file.write(".")
        time.sleep(seconds)
        return whole(*words, **more)
    setattr(owner, name, wait)

if where == "scoring":
    from ctiqa.score.engines.engine import Engine
    slow(Engine, "answer")
elif where == "reading":
    from ctiqa.io import find
    slow(find, "read_file_headers")
elif where == "writing":
    from ctiqa.score.report import outputs
    slow(outputs, "write_bytes")
elif where == "loading":
    from ctiqa.score import scorer
    slow(scorer.Scorer, "_load")

from ctiqa.cli import main
main(sys.argv[4:])
"""
"""The program, made slow in one place; it says in a file how often it came there."""

COUNT = 12


class Running:
    """A run of ``ctiqa score`` that takes its time."""

    def __init__(self, place: Path, model: Path, where: str, seconds: float, *words: str) -> None:
        self.out, self.table = place / "r.json", place / "r.csv"
        self._started = place / "started"
        scan = place / "scan"
        if not scan.exists():
            write_series(scan, COUNT)
        command = [sys.executable, "-c", SLOWLY, self._started, str(seconds), where, "score", scan]
        outputs = ["--model", model, "--jobs", "1", "--out", self.out, "--out", self.table]
        self._process = subprocess.Popen(
            [*map(str, [*command, *outputs]), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_listen,  # noqa: PLW1509 - no thread runs here
        )

    def wait_for(self, times: int) -> None:
        """Wait until the slow place has been come to so many times."""
        end = time.monotonic() + TIMEOUT_S
        while not (self._started.exists() and self._started.stat().st_size >= times):
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> Outcome:
        out, err = self._process.communicate(timeout=TIMEOUT_S)
        return Outcome(self._process.returncode, out, err)


def _listen() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_done_is_kept(
    model: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    run = Running(tmp_path, model, "scoring", 0.3)
    run.wait_for(3)
    run.send(number)
    done = run.end()
    assert done.status == status
    content = json.loads(run.out.read_bytes())
    assert content["interrupted"] is True
    (scan,) = content["scans"]
    scored = len(scan["slices"])
    assert 1 <= scored < COUNT
    assert all(each["score"] is not None for each in scan["slices"])
    assert scan["warnings"] == [f"stopped by the user: {scored} of {COUNT} slices scored"]
    rest = content["skipped"]
    assert [each["reason"] for each in rest] == ["stopped"] * (COUNT - scored)
    files = {each["file"] for each in scan["slices"]} | {each["file"] for each in rest}
    assert len(files) == COUNT
    rows = list(csv.DictReader(run.table.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == COUNT
    assert f"stopped by the user after {scored} slices" in done.err
    assert str(run.out) in done.err
    assert f"{scored} of {scored} slices" in done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("where", ["reading", "loading"])
def test_before_anything_is_scored_there_is_nothing_to_keep(
    model: Path, tmp_path: Path, where: str, number: signal.Signals, status: int
) -> None:
    run = Running(tmp_path, model, where, 1.0)
    run.out.write_text("of an earlier run")
    run.wait_for(1)
    run.send(number)
    done = run.end()
    assert done.status == status
    assert done.err == "stopped by the user: nothing was scored or written\n"
    assert run.out.read_text() == "of an earlier run"


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_second_one_does_not_wait(model: Path, tmp_path: Path, jobs: str) -> None:
    run = Running(tmp_path, model, "scoring", 60.0, "--jobs", jobs)
    run.wait_for(1)
    run.send(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    run.send(signal.SIGINT)
    done = run.end()
    assert time.monotonic() - began < 30
    assert done.status == 130
    assert done.err == "stopped by the user: what was not written yet is lost\n"
    assert not run.out.exists()


def test_results_are_written_to_their_end(model: Path, tmp_path: Path) -> None:
    run = Running(tmp_path, model, "writing", 0.5)
    run.wait_for(1)
    run.send(signal.SIGINT)
    done = run.end()
    assert done.status == 130
    content = json.loads(run.out.read_bytes())
    assert (content["interrupted"], content["skipped"]) == (False, [])
    assert run.table.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "r.csv", "scan", "started"}


def test_nobody_is_there_to_hear_it(model: Path, tmp_path: Path) -> None:
    """As in a batch system: what is not heard does not cost what is done."""
    run = Running(tmp_path, model, "scoring", 0.3, "--quiet")
    run.wait_for(2)
    run.send(signal.SIGTERM)
    done = run.end()
    assert done.status == 143
    assert (done.out, len(done.err.splitlines())) == ("", 1)
    assert json.loads(run.out.read_bytes())["interrupted"] is True


def test_an_interrupt_without_a_signal(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> Iterator[None]:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctiqa.score.Scorer.find", stop)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    done = run("score", tmp_path, "--model", model)
    assert done.status == 130
    assert "nothing was scored or written" in done.err
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_ctrl_c_that_was_turned_off_stays_off(model: Path, tmp_path: Path) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from ctiqa.cli.console.stopping import stoppable\n"
        "with stoppable(): print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_ctrl_c_while_the_program_loads() -> None:
    code = (
        "import os, signal, sys, threading\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'ctiqa.cli.app': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "from ctiqa.cli import main\n"
        "main(['info'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_listen,
        env=os.environ,
    )
    assert (done.returncode, done.stderr) == (130, "")
