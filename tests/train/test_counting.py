from __future__ import annotations

import itertools
import time

import pytest

from ctiqa.cli.console import counting


@pytest.mark.parametrize(
    ("calls", "lines"),
    [
        ([(1, 10), (10, 10)], ["a: 1/10, 900 s left", "a: 10/10, 0 s left"]),
        # 90 of 100 were there already: ten seconds of this run made one.
        ([(91, 100)], ["a: 91/100, 900 s left"]),
        ([(0, 5)], ["a: 0/5, 500 s left"]),
    ],
)
def test_the_time_left_counts_this_run_alone(
    calls: list[tuple[int, int]],
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = itertools.count(0, 100)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with counting.count_bar("a") as move:
        for done, total in calls:
            move(done, total)
    assert capsys.readouterr().err.splitlines() == lines
