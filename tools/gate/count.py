"""Counts with 95 % intervals, and tables of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

Z = 1.96
"""Quantile of the normal distribution for 95 %."""


def wilson(found: int, n: int) -> tuple[float, float]:
    """Interval of a share (Wilson EB. J Am Stat Assoc 22:209–212, 1927).

    >>> [round(end, 3) for end in wilson(0, 100)]
    [0.0, 0.037]
    """
    if n == 0:
        return 0.0, 1.0
    share, spread = found / n, Z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def percent(found: int, n: int) -> str:
    """A share in percent with its interval.

    >>> percent(2, 100)
    '2.0 % (0.6–7.0)'
    """
    low, high = wilson(found, n)
    return f"{100 * found / max(n, 1):.1f} % ({100 * low:.1f}–{100 * high:.1f})"


@dataclass(slots=True)
class Tally:
    """What became of images of one kind.

    Attributes:
        n: Number of images.
        outcomes: Number of images by outcome.
    """

    n: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, *outcomes: str | None) -> None:
        """Count an image and what became of it."""
        self.n += 1
        self.outcomes.update(each for each in outcomes if each)

    def cells(self, columns: Sequence[str]) -> list[str]:
        """Number of images, and of each outcome."""
        return [str(self.n), *(str(self.outcomes[each]) for each in columns)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
