"""The verdict on a method, by fixed rules from its paired differences to the input.

A difference counts if its whole 95 % interval lies beyond the smallest difference of its measure
(:data:`ctiqa.benchmarking.measures.MEASURES`). The first rule that applies decides:

1. contradiction: the score rises though fidelity falls (some measures of fidelity are worse, none
   is better), or the score falls though rule 2 applies otherwise;
2. better: every measure of fidelity is better, edge loss is not higher, and the score does not
   fall;
3. smoother, not better: the noise falls;
4. contradiction: some measures of fidelity are better, while others or edge loss are worse;
5. worse: some measures of fidelity, or edge loss, are worse;
6. no difference shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ctiqa.benchmarking.changes import Change
from ctiqa.benchmarking.measures import FIDELITY, MEASURE, Measure, number, signed

Changes = Mapping[str, Change | None]
"""Differences of a method to the input, by key of the measure."""


class Code(StrEnum):
    """Code of a verdict."""

    BETTER = "better"
    SMOOTHER = "smoother_not_better"
    WORSE = "worse"
    NO_DIFFERENCE = "no_difference"
    CONTRADICTION = "contradiction"


WORDS = {
    Code.BETTER: "better",
    Code.SMOOTHER: "smoother, not better",
    Code.WORSE: "worse",
    Code.NO_DIFFERENCE: "no difference shown",
    Code.CONTRADICTION: "contradiction",
}
"""The verdicts in words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a method.

    Attributes:
        code: Its code.
        text: The verdict in words; of a contradiction also what contradicts what.
        rests_on: The differences that it rests on, in words.
    """

    code: Code
    text: str
    rests_on: tuple[str, ...]


def judge(changes: Changes) -> Verdict:
    """The verdict on a method.

    Args:
        changes: Its differences to the input.

    >>> same = dict.fromkeys(FIDELITY, Change(0.0, 0.0, 0.0, 9))
    >>> judge(same).text
    'no difference shown'
    """
    signs = _Signs(changes)
    what, keys = next(found for rule in _RULES if (found := rule(signs)))
    rests_on = tuple(describe(change, MEASURE[key]) for key in keys if (change := changes.get(key)))
    if isinstance(what, Code):
        return Verdict(what, WORDS[what], rests_on)
    return Verdict(Code.CONTRADICTION, f"{WORDS[Code.CONTRADICTION]}: {what}", rests_on)


def describe(change: Change, measure: Measure) -> str:
    """A difference with its interval.

    >>> describe(Change(-21.3, -22, -20.52, 9), MEASURE["noise_hu"])
    'noise −21.3 HU (−22.0 to −20.5)'
    """
    low, high = (number(end, measure, sign="+") for end in (change.low, change.high))
    return f"{measure.title} {signed(change.value, measure)} ({low} to {high})"


def sign_of(change: Change | None, measure: Measure) -> int:
    """1 if a difference is shown to be positive, -1 if negative, 0 if neither.

    >>> sign_of(Change(1.0, 0.2, 1.8, 9), MEASURE["psnr_db"])
    1
    >>> sign_of(Change(1.0, 0.0, 2.0, 9), MEASURE["psnr_db"]), sign_of(None, MEASURE["ssim"])
    (0, 0)
    """
    if change is None:
        return 0
    return int(change.low > measure.least) - int(change.high < -measure.least)


class _Signs:
    """The differences that are shown."""

    def __init__(self, changes: Changes) -> None:
        self._signs = {key: sign_of(changes.get(key), measure) for key, measure in MEASURE.items()}
        self.better, self.worse = (self._fidelity(gain) for gain in (1, -1))
        self.score = self._signs["score"]
        self.edges_lost = self._signs["edge_loss"] > 0
        self.smoother = self._signs["noise_hu"] < 0

    @property
    def all_better(self) -> bool:
        """Whether fidelity rises by every measure, and no edges are lost."""
        return len(self.better) == len(FIDELITY) and not self.edges_lost

    @property
    def lost(self) -> list[str]:
        """What is worse: measures of fidelity, edge loss."""
        return [*self.worse, *(["edge_loss"] if self.edges_lost else [])]

    def _fidelity(self, gain: int) -> list[str]:
        return [key for key in FIDELITY if self._signs[key] * MEASURE[key].better == gain]


_Found = tuple[Code | str, list[str]] | None
"""A verdict, or a contradiction in words, with the measures that it rests on."""


def _score_contradicts(signs: _Signs) -> _Found:
    if signs.score > 0 and signs.worse and not signs.better:
        return "the score rises though fidelity falls", [*signs.worse, "score"]
    if signs.score < 0 and signs.all_better:
        return "the score falls though fidelity rises", [*FIDELITY, "score"]
    return None


def _better(signs: _Signs) -> _Found:
    keys = [*FIDELITY, "edge_loss", "noise_hu", "score"]
    return (Code.BETTER, keys) if signs.all_better else None


def _smoother(signs: _Signs) -> _Found:
    keys = ["noise_hu", "edge_loss", *FIDELITY, "score"]
    return (Code.SMOOTHER, keys) if signs.smoother else None


def _measures_contradict(signs: _Signs) -> _Found:
    if signs.better and signs.lost:
        return "some measures improve while others get worse", [*signs.better, *signs.lost]
    return None


def _worse(signs: _Signs) -> _Found:
    keys = [*signs.worse, "edge_loss", "noise_hu"]
    return (Code.WORSE, keys) if signs.lost else None


def _no_difference(_signs: _Signs) -> _Found:
    return Code.NO_DIFFERENCE, [*FIDELITY, "edge_loss", "noise_hu", "score"]


_RULES: tuple[Callable[[_Signs], _Found], ...] = (
    _score_contradicts,
    _better,
    _smoother,
    _measures_contradict,
    _worse,
    _no_difference,
)
"""The rules in order; the last one always applies."""
