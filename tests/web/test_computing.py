"""Trends in a process of its own: the same as in this one, also if it fails or ends."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from tests.trends.made import archive

from ctiqa.web.reading.computing import Computer, Task, compute
from ctiqa.web.reading.courses import Courses
from ctiqa.web.reading.view import ScanView

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Some scans, and a limit."""
    limits = tmp_path_factory.mktemp("limits") / "limits.toml"
    limits.write_text("[[limits]]\nleast_score = 3\n")
    return Task(archive(150), "week", limits)


def test_a_process_of_its_own_finds_the_same(task: Task) -> None:
    here, there = compute(task), Computer(many=100).compute(task)
    assert here.trends is not None
    assert there.trends is not None
    assert there.limits is not None
    assert there.trends.scans.equals(here.trends.scans)
    for name in ("n", "groups", "charts", "alarms", "outliers", "model_digest"):
        assert getattr(there.trends, name) == getattr(here.trends, name)
    assert there.limits == here.limits


def test_few_scans_need_no_process(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiqa.web.reading.computing.subprocess", None)
    found = Computer(many=task.frame.height + 1).compute(task)
    assert found.trends is not None


def test_why_limits_cannot_be_read_is_said(task: Task) -> None:
    wrong = Task(task.frame, "week", Path("none.toml"))
    assert Computer(many=0).compute(wrong) == compute(wrong)
    assert "none.toml" in str(compute(wrong).failure)


def test_a_process_that_is_killed_is_no_traceback(
    task: Task, caplog: pytest.LogCaptureFixture
) -> None:
    computer = Computer(many=0)
    courses = Courses(None, lambda: "day", lambda: NOW, computer)
    view = ScanView(task.frame, 1, NOW)
    asking = Thread(target=courses.of, args=((), view))
    asking.start()
    while computer._process is None:
        sleep(0.01)
    computer._process.send_signal(signal.SIGKILL)
    asking.join()
    state = courses.of((), view)
    assert state.trends is None
    assert state.failure == "the trends could not be computed"
    assert "the trends could not be computed" in caplog.text


def test_nothing_is_started_after_the_end(task: Task) -> None:
    computer = Computer(many=0)
    computer.close()
    with pytest.raises(EOFError):
        computer.compute(task)
