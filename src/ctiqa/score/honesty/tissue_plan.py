"""How the CT numbers of a slice are distributed, compared with those of patients.

Most of what is no air in a patient is fat, muscle or organs, within 150 HU of water; little lies
between lung and fat. Means of 3×3 pixels are used, so noise up to 100 HU hardly counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ctiqa.types import Floats, HuImage

STEP_HU = 10
LOWEST_HU, HIGHEST_HU = -1100, 3100
"""Bins of the histogram; values outside are counted in the last ones."""

SMOOTHING = (0.25, 0.5, 0.25)
"""Weights with which neighbouring bins of soft tissue are averaged, twice."""

LEAST_TISSUE = 0.01
"""Share of the slice that must be tissue; with less there is nothing to compare."""


@dataclass(frozen=True, slots=True, eq=False)
class TissuePlan:
    """Histogram of a slice.

    Attributes:
        shares: Share of all blocks in steps of 10 HU from -1100 HU, float64 [420].
    """

    shares: Floats

    @classmethod
    def of(cls, means_hu: HuImage) -> TissuePlan:
        """The histogram of means of small blocks, HU [rows, cols].

        >>> plan = TissuePlan.of(np.float32([[-1000, 40], [45, 700]]))
        >>> plan.share(0, 100), plan.share(-300)
        (0.5, 0.75)
        """
        step = (means_hu.ravel() - np.float32(LOWEST_HU)) / np.float32(STEP_HU)
        bins = (HIGHEST_HU - LOWEST_HU) // STEP_HU
        count = np.bincount(step.clip(0, bins - 1).astype(np.intp), minlength=bins)
        return cls(count / count.sum())

    def share(self, low_hu: int, high_hu: int = HIGHEST_HU) -> float:
        """Share of the slice with low ≤ HU < high, both multiples of 10."""
        start, stop = ((edge - LOWEST_HU) // STEP_HU for edge in (low_hu, high_hu))
        return float(self.shares[start:stop].sum())

    @property
    def air(self) -> float:
        """Share of the slice that is air."""
        return self.share(-1100, -900)

    @property
    def tissue(self) -> float:
        """Share of the slice that is neither air nor lung."""
        return self.share(-300)

    @property
    def soft(self) -> float:
        """Share of the slice that is soft tissue, contrast medium included."""
        return self.share(-200, 300)

    @property
    def peak(self) -> tuple[float, float]:
        """Most frequent CT number of soft tissue, and its share of soft tissue in 10 HU."""
        start = (-200 - LOWEST_HU) // STEP_HU
        soft = self.shares[start : start + 50]
        for _ in range(2):
            soft = np.convolve(soft, SMOOTHING, mode="same")
        top = int(soft.argmax())
        return -195.0 + STEP_HU * top, float(soft[top]) / max(self.soft, 1e-9)


@dataclass(frozen=True, slots=True)
class Rule:
    """One part of the plan: 0 for patients, 1 and more for what cannot be one.

    Attributes:
        measure: Takes the histogram.
        usual: Value that nearly all patients reach.
        foreign: Value that no patient has.
    """

    measure: Callable[[TissuePlan], float]
    usual: float
    foreign: float

    def excess(self, plan: TissuePlan) -> float:
        """How far the slice is from patients, in units from usual to foreign."""
        return max((self.measure(plan) - self.usual) / (self.foreign - self.usual), 0.0)


BONE_RULES = (
    # Soft tissue, of all tissue; the rest is bone and what the scanner blurs with air.
    Rule(lambda plan: plan.soft / plan.tissue, 0.75, 0.45),
    # Fat, muscle and organs without contrast medium, of soft tissue.
    Rule(lambda plan: (plan.share(-150, -50) + plan.share(0, 110)) / plan.soft, 0.50, 0.30),
)
"""Of these only the larger counts: at the top of the skull there is bone, and bone that is blurred
with brain and skin."""

RULES = (
    # Between lung and fat there are only edges.
    Rule(lambda plan: plan.share(-500, -200) / plan.tissue, 0.20, 0.50),
    # Something is like water.
    Rule(lambda plan: plan.share(-20, 100) / plan.soft, 0.18, 0.06),
    # One tissue is more frequent than others.
    Rule(lambda plan: plan.peak[1], 0.045, 0.02),
    # The most frequent tissue lies between fat and contrast medium.
    Rule(lambda plan: plan.peak[0], -125.0, -195.0),
    Rule(lambda plan: plan.peak[0], 150.0, 300.0),
)


def excess_of(plan: TissuePlan) -> float:
    """How far a histogram is from those of patients: the sum of the rules.

    Returns:
        0 for most patients; ≥ 1 for what is none.

    >>> rng = np.random.default_rng(0)
    >>> patient = rng.choice([-1000, -100, 40, 60, 700], p=[0.4, 0.2, 0.25, 0.1, 0.05], size=9999)
    >>> photograph = rng.uniform(-1000, 400, 9999)
    >>> [excess_of(TissuePlan.of(each.astype("float32"))) > 1 for each in (patient, photograph)]
    [False, True]
    """
    if plan.tissue < LEAST_TISSUE:
        return 0.0
    if plan.soft == 0:
        return float("inf")
    bone = max(rule.excess(plan) for rule in BONE_RULES)
    return bone + sum(rule.excess(plan) for rule in RULES)
