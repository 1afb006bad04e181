"""Match the slices of two scans: by position, else by file name, else by order.

The first rule that applies is used. Where it leaves doubt, it is an error and no other rule is
tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ctiqa.benchmarking.sets import stem
from ctiqa.errors import DataError, some
from ctiqa.types import SliceHeader

Rule = Literal["position", "name", "order"]

RULES: tuple[Rule, ...] = get_args(Rule)
"""The rules in the order in which they are tried."""

SAME_POSITION_MM = 0.1
"""Positions of the same slice may differ by this, because formats round them."""

SAME_DIRECTION = 0.02
"""Tolerance for direction cosines of the same orientation."""

Headers = Sequence[SliceHeader]

Pairs = Mapping[int, int]
"""Index of the slice of the other scan, by index of the slice of the reference."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Slices of another scan that belong to slices of the reference.

    Attributes:
        rule: The rule that matched them.
        pairs: Index in the other scan by index in the reference.
    """

    rule: Rule
    pairs: Pairs


def match_slices(
    reference: Headers, other: Headers, called: str, rule: Rule | None = None
) -> Matched:
    """Match the slices of two scans of the same patient.

    Args:
        reference: Slices of the reference, in z order.
        other: Slices of the other scan, in z order.
        called: The other scan, for messages.
        rule: The rule to use; ``None`` uses the first one that applies.

    Raises:
        DataError: If no rule applies, or the rule leaves doubt.
    """
    reasons = []
    for each in (rule,) if rule else RULES:
        if why := _OBSTACLES[each](reference, other):
            reasons.append(f"by {each}: {why}")
        else:
            return Matched(each, _PAIRS[each](reference, other, called))
    raise DataError(
        f"the slices of {called} cannot be matched to those of the reference ({'; '.join(reasons)})"
    )


def _no_positions(reference: Headers, other: Headers) -> str | None:
    """Why slices cannot be matched by position."""
    if any(header.z_mm is None for header in (*reference, *other)):
        return "not every slice has a position"
    one, two = reference[0].orientation, other[0].orientation
    if (one is None) != (two is None):
        return "only one of the two scans has an orientation"
    if one and two and np.abs(np.subtract(one, two)).max() > SAME_DIRECTION:
        return "the orientations differ"
    if one is None and len(reference) != len(other):
        return (
            "positions without orientation are relative, and there are "
            f"{len(other)} and {len(reference)} slices"
        )
    steps = np.concatenate([np.diff(_z(each)) for each in (reference, other)])
    if (steps <= 2 * SAME_POSITION_MM).any():
        return "several slices share a position"
    return None


def _by_position(reference: Headers, other: Headers, called: str) -> Pairs:
    there, here = _z(reference), _z(other)
    nearest = np.searchsorted((there[1:] + there[:-1]) / 2, here)
    pairs = {
        int(near): index
        for index, near in enumerate(nearest)
        if abs(here[index] - there[near]) <= SAME_POSITION_MM
    }
    if not pairs:
        raise DataError(
            f"{called} and the reference share no position (z {here[0]:g} to {here[-1]:g} mm and "
            f"{there[0]:g} to {there[-1]:g} mm); pass --match order if the slices correspond in "
            "order"
        )
    start, stop = max(here[0], there[0]), min(here[-1], there[-1])
    alone = [
        [z for index, z in enumerate(positions.tolist()) if index not in used and start < z < stop]
        for positions, used in ((there, set(pairs)), (here, set(pairs.values())))
    ]
    if all(alone):
        raise DataError(
            f"matching by position leaves doubt: between slices that match, the reference has "
            f"others at z {some(alone[0], 3)} mm and {called} at {some(alone[1], 3)} mm; "
            "reconstruct both at the same positions"
        )
    return pairs


def _no_names(reference: Headers, other: Headers) -> str | None:
    """Why slices cannot be matched by file name."""
    for headers in (reference, other):
        if len({header.source.file for header in headers}) < len(headers):
            return "several slices are in one file"
        if len(set(_names(headers))) < len(headers):
            return "several files have the same name"
    return None if set(_names(reference)) & set(_names(other)) else "no file names agree"


def _by_name(reference: Headers, other: Headers, called: str) -> Pairs:
    there, here = _names(reference), _names(other)
    places = {name: index for index, name in enumerate(here)}
    pairs = {index: places[name] for index, name in enumerate(there) if name in places}
    if len(pairs) < min(len(there), len(here)):
        raise DataError(
            "matching by name leaves doubt: without partner are "
            f"{some((n for n in here if n not in there), 3)} of {called} and "
            f"{some((n for n in there if n not in here), 3)} of the reference; give files of the "
            "same slice the same name"
        )
    return pairs


def _no_order(reference: Headers, other: Headers) -> str | None:
    """Why slices cannot be matched by order."""
    if len(reference) == len(other):
        return None
    return f"there are {len(other)} slices, the reference has {len(reference)}"


def _by_order(reference: Headers, _other: Headers, _called: str) -> Pairs:
    return {index: index for index in range(len(reference))}


def _z(headers: Headers) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([header.z_mm for header in headers], dtype=np.float64)


def _names(headers: Headers) -> list[str]:
    return [stem(header.source.file.name) for header in headers]


_OBSTACLES: Mapping[Rule, Callable[[Headers, Headers], str | None]] = {
    "position": _no_positions,
    "name": _no_names,
    "order": _no_order,
}

_PAIRS: Mapping[Rule, Callable[[Headers, Headers, str], Pairs]] = {
    "position": _by_position,
    "name": _by_name,
    "order": _by_order,
}
