from __future__ import annotations

import pytest

from ctiqa.cli.console.progress import Lines, stage_bars


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lines_of(seconds: float, step: float = 0.1) -> list[str]:
    """What a run of so many seconds prints, half of it reading and half of it scoring."""
    clock, said = Clock(), list[str]()
    tell = Lines(clock, said.append)
    steps = round(seconds / step)
    for number in range(steps):
        clock.now = 100.0 + step * number
        half = steps // 2
        tell("reading", number + 1, half) if number < half else tell(
            "scoring", number - half + 1, half
        )
    return said


def test_a_run_that_is_soon_over_prints_nothing() -> None:
    assert lines_of(2.9) == []


def test_a_line_every_few_seconds_with_the_time_left() -> None:
    said = lines_of(40)
    assert said[0] == "Reading headers: 31 of 200, 16 s left\n"
    assert said[-1].startswith("Scoring slices: ")
    assert 5 <= len(said) <= 9


def test_a_long_run_is_no_flood() -> None:
    assert 20 <= len(lines_of(7200, step=1.0)) <= 130


def test_a_stage_that_nobody_has_named_yet_is_shown() -> None:
    clock, said = Clock(), list[str]()
    tell = Lines(clock, said.append)
    clock.now += 4
    tell("sorting", 1, 2)
    assert said == ["Sorting: 1 of 2, 0 s left\n"]


@pytest.mark.parametrize("total", [0, 1])
def test_no_count_breaks_a_line(total: int) -> None:
    clock, said = Clock(), list[str]()
    tell = Lines(clock, said.append)
    clock.now += 9
    tell("reading", 0, total)
    assert len(said) == 1


def test_quiet_shows_nothing() -> None:
    with stage_bars(quiet=True) as move:
        assert move is None


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_bars_take_any_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    with stage_bars(quiet=False) as move:
        assert move is not None
        for stage in ("reading", "comparing", "scoring", "something new"):
            move(stage, 1, 3)
    said = capsys.readouterr().err
    assert ("Comparing positions" in said) == (term != "dumb")
