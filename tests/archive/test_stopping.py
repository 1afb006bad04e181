"""A survey that is stopped or killed, whenever it happens, goes on without doing anything twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from tests.archive.made import Surveyor, write_archive
from tests.cli.conftest import TIMEOUT_S, Outcome

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

STRUCK = """
import os, signal, sys

place, at, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
signal.signal(signal.SIGINT, signal.default_int_handler)

def strike(owner, name):
    whole, calls = getattr(owner, name), []
    def struck(*words, **more):
        calls.append(None)
        if len(calls) == at:
            os.kill(os.getpid(), number)
        return whole(*words, **more)
    setattr(owner, name, struck)

if place == "listing":
    from ctiqa.archive import units
    strike(units, "list_local")
elif place == "reading":
    from ctiqa.io import find
    strike(find, "read_file_headers")
elif place == "hashing":
    from ctiqa.store import content
    strike(content, "_file_digest")
elif place == "scoring":
    from ctiqa.score.engines.engine import Engine
    strike(Engine, "answer")
elif place == "slices":
    from ctiqa.store import writing
    strike(writing, "drop_skipped")
elif place == "marks":
    from ctiqa.store import marks
    strike(marks, "put_marks")
elif place == "end":
    from ctiqa.store import writing
    strike(writing, "end_run")

from ctiqa.cli import main
main(sys.argv[4:])
"""
"""The program, which sends itself a signal at the n-th call of a function."""

SERIES, COUNT = 3, 8


@dataclass
class Struck:
    """Surveys of an archive in another process, and in this one."""

    root: Path
    survey: Surveyor
    model: Path

    def at(self, place: str, call: int, number: signal.Signals) -> Outcome:
        """Survey, and send a signal at a moment."""
        temporary = self.root.parent / "temporary"
        temporary.mkdir(exist_ok=True)
        program = [sys.executable, "-c", STRUCK, place, call, int(number)]
        words = ["survey", self.root, "--store", self.survey.address, "--model", self.model]
        done = subprocess.run(
            [*map(str, program), *map(str, words), "--jobs", "1", "--engine", "onnxruntime"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    @property
    def left_over(self) -> list[str]:
        """What is left in the temporary folder."""
        return [each.name for each in (self.root.parent / "temporary").iterdir()]

    def resumed(self, stored: int) -> None:
        """Go on, and check that nothing is done twice and nothing is missing."""
        before = set(self.survey.frame()["series_uid"])
        assert len(before) == stored
        done = self.survey(self.root)
        assert done.is_complete
        assert done.stored == SERIES - stored
        assert before.isdisjoint(self.survey.scored)
        assert len(self.survey.scored) == SERIES - stored
        other = Surveyor(f"{self.survey.address}-other", self.survey.scorer)
        other(self.root)
        assert self.survey.digest() == other.digest()
        assert self.survey(self.root).unchanged == SERIES * COUNT


@pytest.fixture
def struck(survey: Surveyor, tmp_path: Path, model: Path) -> Struck:
    return Struck(write_archive(tmp_path / "archive", SERIES, COUNT), survey, model)


@pytest.mark.parametrize(
    ("place", "call", "stored"),
    [
        ("reading", 3, 0),
        ("hashing", COUNT + 3, 1),
        ("scoring", 2 * COUNT + 3, 2),
        ("slices", 1, 0),
        ("marks", 2, 1),
        ("end", 1, 3),
    ],
)
def test_a_survey_that_is_killed(struck: Struck, place: str, call: int, stored: int) -> None:
    assert struck.at(place, call, signal.SIGKILL).status == -signal.SIGKILL
    struck.resumed(stored)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_survey_that_is_stopped(struck: Struck, number: signal.Signals, status: int) -> None:
    done = struck.at("scoring", COUNT + 2, number)
    assert done.status == status
    assert "1 new in the store" in done.out
    assert done.err == (
        "Stopped: what is stored is kept. The same command goes on with the rest.\n"
    )
    assert struck.left_over == []
    struck.resumed(1)


@pytest.mark.parametrize("place", ["listing", "reading"])
def test_a_survey_that_is_stopped_before_it_scores(struck: Struck, place: str) -> None:
    done = struck.at(place, 1, signal.SIGINT)
    assert (done.status, done.out) == (130, "")
    assert done.err == "stopped by the user: nothing was scored or written\n"
    assert struck.left_over == []
    struck.resumed(0)


def test_the_next_survey_says_that_it_goes_on(struck: Struck) -> None:
    struck.at("scoring", COUNT + 2, signal.SIGKILL)
    done = struck.at("none", 1, signal.SIGKILL)
    assert done.status == 0
    assert "did not come to its end" in done.err
    assert "it has stored 1 series. Going on with the rest." in done.err
    assert struck.at("none", 1, signal.SIGKILL).err == ""


@pytest.mark.parametrize("stage", ["reading", "surveying"])
def test_a_stop_that_another_thread_asks_for(survey: Surveyor, tmp_path: Path, stage: str) -> None:
    root = write_archive(tmp_path / "archive", SERIES, COUNT)
    stop = Event()

    def tell(at: str, _done: int, _total: int) -> None:
        if at == stage:
            stop.set()

    done = survey(root, progress=tell, stop=stop)
    assert done.stopped
    assert not done.is_complete
    assert (done.stored, survey.frame().height) == (0, 0)
    assert (survey.frame("runs")["ended"].to_list()) == [None]
    assert survey(root).stored == SERIES


def test_a_stop_before_the_beginning(survey: Surveyor, tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", 1)
    stop = Event()
    stop.set()
    assert survey(root, stop=stop).stopped
    assert survey(root).stored == 1


def test_a_series_that_is_complete_when_the_stop_comes_is_kept(
    survey: Surveyor, tmp_path: Path
) -> None:
    root = write_archive(tmp_path / "archive", SERIES, COUNT)
    stop = Event()

    def tell(stage: str, done: int, _total: int) -> None:
        if stage == "surveying" and done == COUNT:
            stop.set()

    done = survey(root, progress=tell, stop=stop)
    assert (done.stopped, done.stored) == (True, 1)
