"""Differences in words."""

from __future__ import annotations

from collections.abc import Iterable

from ctiqa.diff.differences import Difference
from ctiqa.diff.measures import percent, shown_percent, shown_value, signed


def described(found: Difference) -> str:
    """A difference with its interval and unit, as in tables; empty if there is none.

    >>> import math
    >>> half = math.log(1.5)
    >>> described(Difference("noise_hu", 10.0, 15.0, half, half - 0.05, half + 0.05, 20))
    '+50 % (+43 to +58)'
    >>> described(Difference("score", 3.0, 2.6, -0.4, -0.5, -0.3, 20))
    '−0.40 (−0.50 to −0.30)'
    """
    if found.value is None:
        return ""
    measure = found.measure
    unit = " %" if measure.ratio else f" {measure.unit}" if measure.unit else ""
    text = f"{signed(found.value, measure)}{unit}"
    if found.low is None or found.high is None or found.is_exact:
        return text
    return f"{text} ({signed(found.low, measure)} to {signed(found.high, measure)})"


def share(found: Difference, more: str, less: str) -> str:
    """How much more or less B has, in per cent, with the interval.

    >>> share(Difference("noise_hu", 10.0, 6.2, -0.478, -0.580, -0.371, 20), "more", "less")
    '38 % less (31–44 %)'
    """
    value = percent(found.value or 0.0)
    text = f"{shown_percent(value)} % {more if value > 0 else less}"
    return f"{text}{bracketed(found)}"


def bracketed(found: Difference) -> str:
    """The interval of a ratio in per cent, smaller number first; empty if it is exact."""
    if found.low is None or found.high is None or found.is_exact:
        return ""
    ends = sorted((percent(found.low), percent(found.high)), key=abs)
    return f" ({shown_percent(ends[0])}–{shown_percent(ends[1])} %)"


def amount(found: Difference) -> str:
    """The size of an absolute difference, without sign, with the interval.

    >>> amount(Difference("score", 3.0, 2.6, -0.4, -0.5, -0.3, 20))
    '0.40 (0.30–0.50)'
    """
    measure = found.measure
    ends = sorted(abs(end) for end in (found.low or 0.0, found.high or 0.0))
    texts = [shown_value(end, measure) for end in ends]
    unit = f" {measure.unit}" if measure.unit else ""
    return f"{shown_value(abs(found.value or 0.0), measure)}{unit} ({texts[0]}–{texts[1]})"


def moved(found: Difference) -> str:
    """A difference of the mean frequency of the noise in brackets, with the interval.

    >>> moved(Difference("noise_mean_per_mm", 0.3, 0.22, -0.08, -0.09, -0.07, 20))
    '(mean frequency −0.080/mm, −0.090 to −0.070)'
    """
    measure = found.measure
    value, low, high = (
        signed(each or 0.0, measure) for each in (found.value, found.low, found.high)
    )
    return f"(mean frequency {value}{measure.unit}, {low} to {high})"


def not_compared(differences: Iterable[Difference]) -> list[str]:
    """Measures that no pair of slices has, by reason.

    >>> not_compared([Difference("ssde_mgy", why="it is unknown"), Difference("score", 3.0, 3.0)])
    ['SSDE: it is unknown']
    """
    by_reason: dict[str, list[str]] = {}
    for found in differences:
        if found.a is None:
            by_reason.setdefault(found.why, []).append(found.measure.title)
    return [f"{', '.join(titles)}: {why}" for why, titles in by_reason.items()]
