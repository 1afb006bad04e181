"""Fair comparisons: everything that is compared runs in turn, so that all see the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Contestant:
    """Something whose time is taken.

    Attributes:
        name: What it is, for people; unique in its comparison.
        slices: Slices that one run scores or reads, >= 1.
        seconds: Runs it once and returns the wall time in seconds.
    """

    name: str
    slices: int
    seconds: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Times:
    """What one contestant took.

    Attributes:
        name: Its name.
        slices: Slices of one run.
        seconds: Wall time of every run in seconds, in the order of the rounds.
    """

    name: str
    slices: int
    seconds: tuple[float, ...]

    @property
    def rates(self) -> tuple[float, ...]:
        """Slices per second of every run."""
        return tuple(self.slices / each for each in self.seconds)

    @property
    def slices_per_s(self) -> float:
        """Slices per second of the median run."""
        return self.slices / median(self.seconds)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contestants that ran in turn.

    Attributes:
        name: On what they ran, for people.
        reference: Name of the one that the others are compared to.
        times: One for each.
    """

    name: str
    reference: str
    times: tuple[Times, ...]

    def ratios(self, who: Times) -> tuple[float, ...]:
        """How many times faster than the reference one of them was, round by round."""
        (reference,) = (each for each in self.times if each.name == self.reference)
        return tuple(a / b for a, b in zip(who.rates, reference.rates, strict=True))


def in_turn(
    name: str,
    contestants: Sequence[Contestant],
    rounds: int,
    *,
    reference: str,
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Run contestants one after the other, round after round; a first round does not count.

    Args:
        name: On what they run.
        contestants: Who; the order is that of every round.
        rounds: Rounds that count, >= 1.
        reference: Name of the one that the others are compared to.
        tell: Told what runs next.

    Raises:
        ValueError: If there is no round, a name comes twice, or none is the reference.

    >>> two = [Contestant("ours", 10, lambda: 0.5), Contestant("theirs", 1, lambda: 1.0)]
    >>> found = in_turn("512 × 512", two, 2, reference="theirs")
    >>> found.ratios(found.times[0])
    (20.0, 20.0)
    """
    names = [each.name for each in contestants]
    if rounds < 1:
        raise ValueError(f"'rounds' must be >= 1, got {rounds}")
    if len(set(names)) < len(names) or reference not in names:
        raise ValueError(f"names must differ and hold the reference {reference!r}, got {names}")
    taken: dict[str, list[float]] = {each: [] for each in names}
    for number in range(rounds + 1):
        for each in contestants:
            tell(f"{name}: {each.name}, " + (f"{number} of {rounds}" if number else "warming up"))
            seconds = each.seconds()
            if number:
                taken[each.name].append(seconds)
    times = tuple(Times(each.name, each.slices, tuple(taken[each.name])) for each in contestants)
    return Comparison(name, reference, times)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Some work as something that returns how long it took, in seconds."""

    def seconds() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return seconds
