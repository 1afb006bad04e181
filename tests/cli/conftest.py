"""Runs the command line as a user does, inside this process or in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.score.tiny_model import write_model

from ctiqa.cli import main

TIMEOUT_S = 120
"""No command of these tests takes longer, on any machine."""


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``ctiqa`` with some words and catch what it says."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*words: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        said = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), said.out, said.err)

    return call


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


def shell(
    script: str, *words: str | Path | bytes, env: Mapping[str, str | None] | None = None
) -> Outcome:
    """Run a line of shell; ``$ctiqa`` is the program and ``$1``, ``$2``, … are the words.

    Args:
        script: Run by bash.
        *words: What it is given.
        env: Variables to set, or to leave out where ``None``.
    """
    known = {**os.environ, "ctiqa": f"{sys.executable} -m ctiqa", **(env or {})}
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words],
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        env={name: value for name, value in known.items() if value is not None},
        preexec_fn=_listen,
    )
    return Outcome(
        done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def _listen() -> None:
    """A test run in the background has turned Ctrl-C off, which would be inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
