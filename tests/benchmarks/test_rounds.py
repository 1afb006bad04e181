from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rounds import Comparison, Contestant, Times, in_turn, timed


def noting(log: list[str], name: str, seconds: Iterator[float]) -> Contestant:
    def run() -> float:
        log.append(name)
        return next(seconds)

    return Contestant(name, 12, run)


def test_all_run_in_turn_and_the_first_round_does_not_count() -> None:
    log: list[str] = []
    ours = noting(log, "ours", iter([9.0, 1.0, 2.0]))
    theirs = noting(log, "theirs", iter([9.0, 4.0, 6.0]))
    found = in_turn("a series", [ours, theirs], 2, reference="theirs")
    assert log == ["ours", "theirs"] * 3
    assert found.times == (Times("ours", 12, (1.0, 2.0)), Times("theirs", 12, (4.0, 6.0)))


def test_ratios_are_taken_round_by_round_in_slices_per_second() -> None:
    """Hand-worked: 100 slices in 2 s and 4 s against 10 slices in 5 s and 2 s."""
    ours, theirs = Times("ours", 100, (2.0, 4.0)), Times("theirs", 10, (5.0, 2.0))
    found = Comparison("c", "theirs", (ours, theirs))
    assert found.ratios(ours) == (25.0, 5.0)
    assert found.ratios(theirs) == (1.0, 1.0)


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9), st.integers(1, 1000))
def test_rate_of_the_median_run_lies_among_the_rates(seconds: list[float], slices: int) -> None:
    times = Times("any", slices, tuple(seconds))
    slack = 1 + 1e-12
    assert min(times.rates) / slack <= times.slices_per_s <= max(times.rates) * slack


def test_what_runs_next_is_told() -> None:
    told: list[str] = []
    in_turn("c", [Contestant("a", 1, lambda: 1.0)], 1, reference="a", tell=told.append)
    assert told == ["c: a, warming up", "c: a, 1 of 1"]


@pytest.mark.parametrize(
    ("names", "rounds", "reference", "says"),
    [
        (("a", "b"), 0, "a", "'rounds' must be >= 1, got 0"),
        (("a", "a"), 1, "a", "names must differ"),
        (("a", "b"), 1, "c", "hold the reference 'c'"),
    ],
)
def test_senseless_comparisons_are_refused(
    names: tuple[str, ...], rounds: int, reference: str, says: str
) -> None:
    contestants = [Contestant(name, 1, lambda: 1.0) for name in names]
    with pytest.raises(ValueError, match=says):
        in_turn("c", contestants, rounds, reference=reference)


def test_timed_work_is_done_once_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 13.5])
    monkeypatch.setattr("benchmarks.rounds.time.perf_counter", lambda: next(clock))
    done: list[int] = []
    work: Callable[[], float] = timed(lambda: done.append(1))
    assert work() == 3.5
    assert done == [1]
