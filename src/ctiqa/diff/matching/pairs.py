"""Which slices of two scans are compared, and why others are not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from ctiqa.types import SliceScore

Rule = Literal["position", "order", "region"]
"""How slices are matched."""

SIZE_TOLERANCE = 0.10
"""Largest relative difference of the water-equivalent diameters of two slices that are compared."""

LOG_TOLERANCE = math.log1p(SIZE_TOLERANCE)
"""The same as a difference of logarithms."""

UNKNOWN_REGION = "unknown region"
"""Region of slices of which neither the model nor the file says what they show."""

Slices = Sequence[SliceScore]


class Why(StrEnum):
    """Why a slice is not compared. The codes never change meaning."""

    NOT_SCORED = "not_scored"
    """The model abstains from it."""
    PARTNER_NOT_SCORED = "partner_not_scored"
    """The model abstains from the slice at its position."""
    OUTSIDE = "outside"
    """The other scan has no slice at its position."""
    BETWEEN = "between"
    """The other scan has fewer slices, and a neighbour is nearer to its slice."""
    OTHER_SIZE = "other_size"
    """No slice of the other scan that shows its region has its size."""
    OTHER_REGION = "other_region"
    """No slice of the other scan shows its region."""
    SIZE_UNKNOWN = "size_unknown"
    """Its size could not be measured."""
    SURPLUS = "surplus"
    """All slices of its region and size in the other scan have another partner."""


BY_DESIGN = frozenset({Why.BETWEEN, Why.SURPLUS})
"""Reasons that are no shortcoming: the other scan has fewer slices."""

IN_WORDS: Mapping[Why, str] = {
    Why.NOT_SCORED: "not scored",
    Why.PARTNER_NOT_SCORED: "the slice of the other scan at this position is not scored",
    Why.OUTSIDE: "the other scan has no slice at this position",
    Why.BETWEEN: "another slice is nearer to the slice of the other scan",
    Why.OTHER_SIZE: "the other scan has no slice of this region and size",
    Why.OTHER_REGION: "the other scan does not show this region",
    Why.SIZE_UNKNOWN: "its size could not be measured",
    Why.SURPLUS: "the other scan has fewer slices of this region and size",
}
"""The reasons in words."""


class Pair(NamedTuple):
    """Indices of two slices that are compared."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Matching:
    """Which slices are compared.

    Attributes:
        rule: How they were matched.
        pairs: The slices that are compared, in z order of A.
        left_out: Why the others of A, and of B, are not, by index of the slice.
    """

    rule: Rule
    pairs: tuple[Pair, ...]
    left_out: tuple[Mapping[int, Why], Mapping[int, Why]]


def matching(rule: Rule, pairs: Iterable[Pair], whys: Sequence[Mapping[int, Why]]) -> Matching:
    """A matching from its pairs and what is to be said of slices that are in no pair.

    Args:
        rule: How slices were matched.
        pairs: The pairs.
        whys: Of A and of B, why each slice would be left out.

    >>> whys = [dict.fromkeys([0], Why.OUTSIDE), dict.fromkeys([0, 1], Why.OUTSIDE)]
    >>> found = matching("order", [Pair(0, 1)], whys)
    >>> [sorted(each) for each in found.left_out]
    [[], [0]]
    """
    kept = tuple(sorted(pairs))
    left_out = [
        {index: why for index, why in whys[side].items() if index not in used}
        for side, used in enumerate(({pair.a for pair in kept}, {pair.b for pair in kept}))
    ]
    return Matching(rule, kept, (left_out[0], left_out[1]))


def without_other_sizes(found: Matching, a: Slices, b: Slices) -> Matching:
    """Drop pairs whose sizes differ by more than 10 %, because they do not show the same.

    Args:
        found: Slices matched by position or order.
        a: Slices of A, measured.
        b: Slices of B, measured.
    """
    kept = [pair for pair in found.pairs if _same_size(a[pair.a], b[pair.b])]
    dropped = set(found.pairs) - set(kept)
    whys = [
        {**found.left_out[side], **{pair[side]: Why.OTHER_SIZE for pair in dropped}}
        for side in (0, 1)
    ]
    return matching(found.rule, kept, whys)


def region_of(verdict: SliceScore) -> str:
    """What a slice shows: the answer of the model, else the body part in the file."""
    stated = verdict.header.acquisition.body_part
    return verdict.region or (stated.lower() if stated else UNKNOWN_REGION)


def regions_text(slices: Iterable[SliceScore]) -> str:
    """How many slices show what, most frequent first."""
    counts = Counter(map(region_of, slices))
    return ", ".join(f"{count} {region}" for region, count in counts.most_common())


def size_of(verdict: SliceScore) -> float | None:
    """Water-equivalent diameter of a slice in mm; ``None`` if unknown."""
    return None if verdict.physics is None else verdict.physics.water_equivalent_diameter_mm


def _same_size(a: SliceScore, b: SliceScore) -> bool:
    """Whether two slices have the same size, as far as it is known."""
    one, two = size_of(a), size_of(b)
    return not (one and two) or abs(math.log(two / one)) <= LOG_TOLERANCE
