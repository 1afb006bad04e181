"""Nothing is looked up and nothing leaves, whatever engine, command or way of use.

Commands that run inside the tests are watched by ``tests/conftest.py``; here they run as processes
of their own, watched from inside and, where ``strace`` is there, from outside with all they start.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import ctiqa

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"

API = f"from ctiqa import Scorer; assert Scorer().score({str(EXAMPLE / '01.dcm')!r}).score > 2"

WATCHED = """
import sys
def watch(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        address = arguments[1] if len(arguments) > 1 else arguments
        if not isinstance(address, str | bytes):
            print("LEAK", event, arguments, file=sys.stderr)
            sys.exit(99)
sys.addaudithook(watch)
"""

OUTSIDE = re.compile(r"AF_INET6?,|/etc/resolv\.conf|nscd")
"""A socket of the internet, and what a name look-up opens first."""

ENGINES = [
    "onnxruntime",
    pytest.param(
        "openvino",
        marks=pytest.mark.skipif(
            find_spec("openvino") is None, reason="the extra 'fast' is not installed"
        ),
    ),
    "auto",
]

COMMANDS = [["info"], ["weights", "list"], ["--version"], ["score", "--help"]]


def command(words: list[str]) -> str:
    return f"from ctiqa.cli import main; main({words!r})"


def run(code: str, engine: str, home: Path, before: tuple[str, ...] = ()) -> None:
    # Libraries that report their use hold back where they see a test or continuous integration.
    environment = {"PATH": os.environ["PATH"], "CTIQA_ENGINE": engine, "HOME": str(home)}
    ran = subprocess.run(
        [*before, sys.executable, "-c", WATCHED + code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert ran.returncode == 0, ran.stderr
    # Telemetry leaves an identifier behind.
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_scoring_asks_nobody(tmp_path: Path, engine: str) -> None:
    words = ["score", str(EXAMPLE), "--quiet", "--out", str(tmp_path / "r.html")]
    (tmp_path / "home").mkdir()
    run(command(words), engine, tmp_path / "home")
    run(API, engine, tmp_path / "home")


@pytest.mark.parametrize("words", COMMANDS)
def test_other_commands_ask_nobody(tmp_path: Path, words: list[str]) -> None:
    run(command(words), "onnxruntime", tmp_path)


def test_an_engine_that_was_loaded_before_is_told_as_well() -> None:
    code = (
        "import onnxruntime; told = []; "
        "onnxruntime.disable_telemetry_events = lambda: told.append(1); "
        "import ctiqa.score.engines.onnx_runtime; assert told"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("engine", ENGINES)
def test_no_process_that_is_started_asks_anybody(tmp_path: Path, engine: str) -> None:
    log = tmp_path / "calls"
    strace = ("strace", "-f", "-s", "100", "-e", "trace=network,openat", "-o", str(log))
    (tmp_path / "home").mkdir()
    run(command(["score", str(EXAMPLE), "--quiet"]), engine, tmp_path / "home", strace)
    calls = log.read_text(encoding="utf-8", errors="replace").splitlines()
    assert [call for call in calls if OUTSIDE.search(call)] == []
