"""Starts and stops ``ctiqa listen`` and ``ctiqa serve``."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_S = 30
"""Time for a program to end in order; then it is killed."""

CONFIG = """\
[store]
address = "{folder}/ct.sqlite"
[spool]
folder = "{folder}/spool"
keep_gigabytes = 1
reserve_gigabytes = 0.1
[listen]
port = 0
any_peer = true
[score]
quiet_seconds = 2
[[send]]
kind = "dicom"
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = {archive}
results = ["sr", "pdf"]
[web]
port = 0
secret_file = "{folder}/web.key"
audit_file = "{folder}/audit.jsonl"
"""


def write_config(folder: Path, archive: int) -> Path:
    """The configuration of the demonstration: everything in one folder, loopback alone."""
    file = folder / "ctiqa.toml"
    file.write_text(CONFIG.format(folder=folder, archive=archive), encoding="utf-8")
    return file


@contextmanager
def started(command: str, config: Path, says: str) -> Iterator[str]:
    """A command of ctiqa, until the end of the block.

    Args:
        command: ``listen`` or ``serve``.
        config: The configuration.
        says: Pattern of the line that it prints when it is ready.

    Yields:
        The first group of the pattern.
    """
    words = [sys.executable, "-m", "ctiqa", command, "--config", str(config)]
    with (config.parent / f"{command}.log").open("wb") as log:
        # In a session of its own: Ctrl-C reaches this program, which stops the others in order.
        program = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        try:
            yield _ready(program, says, Path(log.name))
        finally:
            _stop(program)


def _ready(program: subprocess.Popen[str], says: str, log: Path) -> str:
    assert program.stdout is not None  # noqa: S101 - it is a pipe
    for line in program.stdout:
        if found := re.search(says, line):
            return found[1]
    raise SystemExit(f"error: a part does not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(program: subprocess.Popen[str]) -> None:
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(STOP_S)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
    assert program.stdout is not None  # noqa: S101 - it is a pipe
    program.stdout.close()
