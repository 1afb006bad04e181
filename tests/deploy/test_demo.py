"""``make clinic-demo`` from the first line to Ctrl-C: results arrive, and nothing is left."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tools.clinic_demo.archive import why_no_orthanc
from tools.clinic_demo.inside import TRIAL

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "src" / "ctiqa" / "assets" / "example"


@pytest.mark.parametrize("options", [[], ["--no-orthanc"]], ids=["orthanc", "straight"])
def test_from_the_scanner_to_the_archive_and_away(options: list[str], tmp_path: Path) -> None:
    if not options and (why := why_no_orthanc()):
        pytest.skip(why)
    program = subprocess.Popen(
        [sys.executable, "-m", "tools.clinic_demo", *options, str(EXAMPLE)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    children: list[psutil.Process] = []
    try:
        assert program.stdout is not None
        for line in program.stdout:
            said.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                children = psutil.Process(program.pid).children(recursive=True)
                program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0, said
    finally:
        program.kill()
        program.wait()
        program.stdout.close()  # type: ignore[union-attr]
    text = "\n".join(said)
    assert "example: received" in said
    assert re.search(r"^example: \d+ instances scored, score \d\.\d\d \(", text, re.MULTILINE)
    assert "example: structured report sent to the archive" in said
    assert "example: PDF sent to the archive" in said
    assert ("1 structured report in the archive, http://127.0.0.1:" in text) == (not options)
    assert len(children) > 3
    assert still_running(children) == []
    assert list(tmp_path.iterdir()) == []
    ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", text)]
    assert len(ports) >= 3
    for port in ports:
        with socket.socket() as stream:
            assert stream.connect_ex(("127.0.0.1", port)) != 0


def still_running(processes: list[psutil.Process]) -> list[str]:
    """Names of processes that have not ended, however long they take."""
    _, alive = psutil.wait_procs(processes, timeout=30)
    found = []
    for each in alive:
        with suppress(psutil.NoSuchProcess):
            if each.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{each.name()} {each.status()}")
    return found


def test_the_archive_is_that_of_compose() -> None:
    assert {file.name for file in TRIAL.iterdir()} == {"forward.lua", "orthanc.json"}
