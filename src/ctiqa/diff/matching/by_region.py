"""Match slices of two scans by what they show and how large the patient is there."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from ctiqa.diff.matching.pairs import (
    LOG_TOLERANCE,
    Matching,
    Pair,
    Slices,
    Why,
    matching,
    region_of,
    size_of,
)
from ctiqa.types import Floats, SliceScore


def match_regions(a: Slices, b: Slices) -> Matching:
    """Match slices of equal region whose sizes differ by at most 10 %, each with one partner.

    As many slices as possible are matched, with the least total difference of size.

    Args:
        a: Slices of A, measured.
        b: Slices of B, measured.
    """
    groups = _by_region(a), _by_region(b)
    whys = [_left_out(a, set(groups[1])), _left_out(b, set(groups[0]))]
    pairs: list[Pair] = []
    for region in groups[0].keys() & groups[1].keys():
        here, there = groups[0][region], groups[1][region]
        distance = np.abs(np.subtract.outer(_log_sizes(a, here), _log_sizes(b, there)))
        pairs += [Pair(here[i], there[j]) for i, j in _assigned(distance)]
        for indices, nearest, why in (
            (here, distance.min(axis=1), whys[0]),
            (there, distance.min(axis=0), whys[1]),
        ):
            alone = [k for k, gap in zip(indices, nearest, strict=True) if gap > LOG_TOLERANCE]
            why.update(dict.fromkeys(alone, Why.OTHER_SIZE))
    return matching("region", pairs, whys)


def _by_region(slices: Slices) -> dict[str, list[int]]:
    """Indices of the slices that are scored and have a size, by region."""
    groups = defaultdict(list)
    for index, each in enumerate(slices):
        if each.score is not None and size_of(each):
            groups[region_of(each)].append(index)
    return dict(groups)


def _left_out(slices: Slices, others: set[str]) -> dict[int, Why]:
    """Why slices would have no partner, if their size is not the reason."""

    def why(each: SliceScore) -> Why:
        if each.score is None:
            return Why.NOT_SCORED
        if not size_of(each):
            return Why.SIZE_UNKNOWN
        return Why.SURPLUS if region_of(each) in others else Why.OTHER_REGION

    return {index: why(each) for index, each in enumerate(slices)}


def _log_sizes(slices: Slices, indices: list[int]) -> Floats:
    return np.array([math.log(size_of(slices[k]) or 1.0) for k in indices])


def _assigned(distance: Floats) -> list[tuple[int, int]]:
    """The assignment with most pairs within the tolerance, and the least total distance."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to load

    allowed = distance <= LOG_TOLERANCE
    rows, cols = linear_sum_assignment(np.where(allowed, distance, distance.size))
    return [(int(i), int(j)) for i, j in zip(rows, cols, strict=True) if allowed[i, j]]
