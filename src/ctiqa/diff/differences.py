"""Differences of all measures over the slices that are compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.diff.intervals import FEWEST_SLICES, Estimate, paired, unpaired
from ctiqa.diff.matching.pairs import Matching, Pair, Rule, Slices, region_of, size_of
from ctiqa.diff.measures import ANSWERS, MEASURE, MEASURES, Measure, values_of
from ctiqa.score.report.measures import REASONS
from ctiqa.types import Floats, SliceScore

PARTS = {
    "dose_noise_product": ("ctdivol_mgy", "quantum_noise_hu"),
    "dose_reserve": ("quantum_noise_hu",),
    "figure_of_merit": ("ctdivol_mgy", "noise_hu"),
}
"""Measures that are made of others, whose reasons for missing they have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference of one measure, B minus A, or B over A.

    Attributes:
        key: The measure.
        a: Mean of A over the slices that are compared, geometric for ratios; ``None`` if no
            compared pair has the measure.
        b: Mean of B.
        value: Mean difference; for ratios the natural logarithm of B/A.
        low: Lower bound of the 95 % interval; ``None`` without an interval.
        high: Upper bound.
        n: Number of pairs that have the measure.
        why: Why there is no interval, or no value; empty if there is one.
    """

    key: str
    a: float | None = None
    b: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    why: str = ""

    @property
    def measure(self) -> Measure:
        """The measure."""
        return MEASURE[self.key]

    @property
    def sign(self) -> int:
        """1 or -1 if B is shown to be higher or lower than A, 0 if neither.

        The interval must exclude zero, and the difference must reach the accuracy of the measure.
        """
        if self.value is None or self.low is None or self.high is None:
            return 0
        if abs(self.value) < self.measure.least or self.low <= 0 <= self.high:
            return 0
        return 1 if self.value > 0 else -1

    @property
    def is_exact(self) -> bool:
        """Whether the interval has no width, because the difference is the same everywhere."""
        if self.low is None or self.high is None:
            return False
        return math.isclose(self.low, self.high, rel_tol=1e-9, abs_tol=1e-9)

    @property
    def is_same(self) -> bool:
        """Whether the whole interval lies within the accuracy of the measure."""
        if self.low is None or self.high is None:
            return False
        return max(-self.low, self.high) < self.measure.least


def differences_of(found: Matching, a: Slices, b: Slices) -> dict[str, Difference]:
    """Differences of all measures, by key.

    Args:
        found: The pairs that are compared.
        a: Slices of A, measured.
        b: Slices of B, measured.
    """
    values = [{pair: values_of(a[pair.a]) for pair in found.pairs}]
    values.append({pair: values_of(b[pair.b]) for pair in found.pairs})
    return {measure.key: _difference(measure, found, values, (a, b)) for measure in MEASURES}


def _difference(
    measure: Measure,
    found: Matching,
    values: Sequence[Mapping[Pair, Mapping[str, float]]],
    slices: tuple[Slices, Slices],
) -> Difference:
    key = measure.key
    pairs = [pair for pair in found.pairs if all(key in each[pair] for each in values)]
    if not pairs:
        return Difference(key, why=_why_missing(key, found, slices))
    one, two = (np.array([each[pair][key] for pair in pairs]) for each in values)
    if measure.ratio:
        one, two = np.log(one), np.log(two)
    estimate = _estimate(found, pairs, one, two, slices)
    if estimate.low is None and measure.stated and np.ptp(one) == np.ptp(two) == 0:
        estimate = Estimate(estimate.value, estimate.value, estimate.value)
    return Difference(
        key,
        a=_mean(one, measure),
        b=_mean(two, measure),
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n=len(pairs),
        why=_why_no_interval(found.rule, len(pairs)) if estimate.low is None else "",
    )


def _mean(values: Floats, measure: Measure) -> float:
    """The mean; of logarithms the geometric mean."""
    mean = float(values.mean())
    return math.exp(mean) if measure.ratio else mean


def _estimate(
    found: Matching,
    pairs: Sequence[Pair],
    one: Floats,
    two: Floats,
    slices: tuple[Slices, Slices],
) -> Estimate:
    if found.rule != "region":
        return paired(one, two)
    designs = [_design([slices[side][pair[side]] for pair in pairs]) for side in (0, 1)]
    order = sorted(range(len(pairs)), key=lambda k: pairs[k].b)
    return unpaired(one, two, designs[0], designs[1], order)


def _design(slices: Slices) -> Floats:
    """Region and size of every slice: one column a region, and the logarithm of the diameter."""
    names = [region_of(each) for each in slices]
    regions = [[float(name == region) for name in names] for region in dict.fromkeys(names)]
    sizes = np.log([size_of(each) or 1.0 for each in slices])
    return np.array([*regions, sizes - sizes.mean()]).T


def _why_no_interval(rule: Rule, count: int) -> str:
    slices = f"{count} slice{'' if count == 1 else 's'} of each"
    if rule == "region" and count >= FEWEST_SLICES:
        return f"{slices} are too few for an interval that allows for region and size"
    verb = "is" if count == 1 else "are"
    return f"{slices} {verb} too few for an interval, which needs {FEWEST_SLICES}"


def _why_missing(key: str, found: Matching, slices: tuple[Slices, Slices]) -> str:
    """The most frequent reason why compared slices do not have a measure, in words."""
    if key in ANSWERS and key != "dose_reserve":
        return "the model does not estimate it"
    compared = [slices[side][pair[side]] for pair in found.pairs for side in (0, 1)]
    reasons = Counter(reason for each in compared for reason in _reasons(key, each))
    return reasons.most_common(1)[0][0] if reasons else "no pair of slices has it"


def _reasons(key: str, verdict: SliceScore) -> list[str]:
    parts = PARTS.get(key, (key,))
    if "ctdivol_mgy" in parts and verdict.header.acquisition.ctdivol_mgy is None:
        return ["the files do not state CTDIvol"]
    missing = {} if verdict.physics is None else verdict.physics.missing
    return [REASONS[missing[part]] for part in parts if part in missing]
