"""What a dose curve simulates, checked before any work is done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctiqa.errors import UsageError
from ctiqa.physics.reserve import GOOD
from ctiqa.text.plain_text import clean
from ctiqa.types import SCORE_RANGE

DOSES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03)
DRAWS = 3
SAMPLES = 7
"""Default dose fractions, draws of the noise, and slices per series."""

LEAST_DOSE = 0.001
"""Smallest dose fraction: below it, the added noise exceeds what CT numbers can hold."""

SEED = 0
"""Default seed of the noise and of the bootstrap, so that a run gives the same numbers again."""

_SHOWN = 60
"""Maximum length of invalid doses in their error message."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate.

    Attributes:
        doses: Dose fractions, falling from 1, the slice itself; from 0.001 to 1.
        target: Score whose dose is sought, between 0 and 4.
        draws: Noise images per slice and dose, >= 1.
        samples: Slices per series, >= 1.
        electronic: Share of the variance of the noise of the slice that is electronic, in [0, 1).
        seed: Seed of all random numbers, >= 0.

    Raises:
        UsageError: If a value is out of range.

    >>> Plan(doses=(0.5, 0.25, 0.5)).doses
    (1.0, 0.5, 0.25)
    """

    doses: tuple[float, ...] = DOSES
    target: float = GOOD
    draws: int = DRAWS
    samples: int = SAMPLES
    electronic: float = 0.0
    seed: int = SEED

    def __post_init__(self) -> None:
        if bad := [each for each in self.doses if not LEAST_DOSE <= each <= 1]:
            raise UsageError(
                f"'doses' must be in {LEAST_DOSE:g}…1, fractions of the dose of the scan, "
                f"got {bad[0]:g}"
            )
        if not min(self.doses, default=1.0) < 1:
            raise UsageError("'doses' must hold a fraction below 1, such as 0.5")
        low, high = SCORE_RANGE
        if not low < self.target < high:
            raise UsageError(f"'target' must be between 0 and 4, got {self.target:g}")
        for name in ("draws", "samples"):
            if getattr(self, name) < 1:
                raise UsageError(f"'{name}' must be >= 1, got {getattr(self, name)}")
        if not 0 <= self.electronic < 1:
            raise UsageError(
                "'electronic' must be in [0, 1), a share of the variance of the noise, "
                f"got {self.electronic:g}"
            )
        if self.seed < 0:
            raise UsageError(f"'seed' must be >= 0, got {self.seed}")
        object.__setattr__(self, "doses", tuple(sorted({1.0, *self.doses}, reverse=True)))

    @property
    def images(self) -> int:
        """Images to be scored per slice."""
        return 1 + self.draws * (len(self.doses) - 1)


def parse_doses(text: str) -> tuple[float, ...]:
    """Read dose fractions separated by commas.

    Raises:
        UsageError: If the text is anything else.

    >>> parse_doses("1, 0.5,.25")
    (1.0, 0.5, 0.25)
    """
    try:
        doses = tuple(float(part) for part in text.split(","))
    except ValueError:
        doses = ()
    if not doses or not all(map(math.isfinite, doses)):
        raise UsageError(
            "'doses' must be fractions separated by commas (for example 1,0.5,0.25), "
            f"got {clean(text, _SHOWN)!r}"
        )
    return doses


def evenly(count: int, most: int) -> Sequence[int]:
    """At most ``most`` of ``count`` indices, evenly spaced, without the ends.

    >>> evenly(40, 4), evenly(3, 4)
    ([5, 15, 25, 35], [0, 1, 2])
    """
    taken = min(count, most)
    return [int((k + 0.5) * count / taken) for k in range(taken)]
