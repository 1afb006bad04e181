"""Match slices of two scans of one acquisition by position, or by order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ctiqa.diff.matching.pairs import Matching, Pair, Rule, Slices, Why, matching
from ctiqa.types import Floats, SliceScore

SAME_POSITION_MM = 0.1
"""Positions of the same slice may differ by this, because formats round them."""


def match_positions(a: Slices, b: Slices) -> Matching:
    """Match slices whose positions differ by at most half of the thickest slice, nearest first.

    Args:
        a: Slices of A with positions.
        b: Slices of B with positions.
    """
    here, there = _positions(a), _positions(b)
    reach = _reach_mm([*a, *b])
    whys = [_left_out(a, here, there, reach), _left_out(b, there, here, reach)]
    return _scored("position", _nearest(here, there, reach), whys, (a, b))


def match_order(a: Slices, b: Slices) -> Matching:
    """Match the slices of two scans of equal length in order.

    Args:
        a: Slices of A.
        b: As many slices of B.
    """
    pairs = [Pair(index, index) for index in range(len(a))]
    nothing: dict[int, Why] = dict.fromkeys(range(len(a)), Why.NOT_SCORED)
    return _scored("order", pairs, [nothing, dict(nothing)], (a, b))


def _scored(
    rule: Rule, pairs: list[Pair], whys: list[dict[int, Why]], slices: tuple[Slices, Slices]
) -> Matching:
    """Keep the pairs of two slices with scores."""
    kept = []
    for pair in pairs:
        known = [slices[side][pair[side]].score is not None for side in (0, 1)]
        if all(known):
            kept.append(pair)
        for side in (0, 1):
            whys[side][pair[side]] = Why.PARTNER_NOT_SCORED if known[side] else Why.NOT_SCORED
    return matching(rule, kept, whys)


def _nearest(here: Floats, there: Floats, reach: float) -> list[Pair]:
    """Pairs of positions within reach, the nearest first; each position is in one pair."""
    distance = np.abs(np.subtract.outer(here, there))
    near = np.argwhere(distance <= reach)
    # Rounded, so that equal distances keep their order along z.
    order = np.argsort(np.round(distance[near[:, 0], near[:, 1]], 3), kind="stable")
    used: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for i, j in near[order].tolist():
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            pairs.append(Pair(i, j))
    return pairs


def _left_out(mine: Slices, here: Floats, there: Floats, reach: float) -> dict[int, Why]:
    """Why slices would have no partner: the other scan has none there, or fewer."""
    nearest = np.abs(np.subtract.outer(here, there)).min(axis=1)
    return {
        index: Why.NOT_SCORED
        if each.score is None
        else Why.BETWEEN
        if nearest[index] <= reach
        else Why.OUTSIDE
        for index, each in enumerate(mine)
    }


def _positions(slices: Slices) -> Floats:
    return np.array([each.header.z_mm for each in slices], dtype=np.float64)


def _reach_mm(slices: Iterable[SliceScore]) -> float:
    """Half of the thickest slice."""
    thickest = max(each.header.acquisition.slice_thickness_mm or 0.0 for each in slices)
    return thickest / 2 + SAME_POSITION_MM
