from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.process import CommandError, peak_memory, wall_time_together

MEET = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
for _ in range(3000):
    if other.exists():
        sys.exit(0)
    time.sleep(0.01)
sys.exit('nobody came')
"""


def test_commands_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits for the other: one after the other, the first would never find the second."""
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    run = [sys.executable, "-c", MEET]
    assert wall_time_together([[*run, a, b], [*run, b, a]]) > 0


def test_one_that_fails_is_an_error() -> None:
    good, bad = [sys.executable, "-c", ""], [sys.executable, "-c", "raise SystemExit('broken')"]
    with pytest.raises(CommandError, match="ended with status 1: broken"):
        wall_time_together([good, bad])


def test_peak_counts_children_too() -> None:
    hold = "held = bytearray(120 * 2**20); import time; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    assert peak_memory([sys.executable, "-c", parent]).rss_mib > 120
