"""What a dose curve holds: per slice, per series, and what was left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.dose_curve.crossing import Interval, mean_of_draws, typical
from ctiqa.dose_curve.plan import Plan
from ctiqa.errors import Reason
from ctiqa.types import Floats, Scan, SliceHeader

UNREADABLE = frozenset(reason.value for reason in Reason)
"""Reasons of slices that could not be read; others are usual, such as limbs without a score."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """The dose at which a score falls to the target, as a fraction of the dose of the scan.

    Attributes:
        dose: The dose; 0 if it is below the lowest simulated dose, infinite if the target is
            reached at no dose or, by simulation, only above the dose of the scan.
        interval: Interval (low, high), with the same special values.
    """

    dose: float
    interval: Interval

    def agrees_with(self, other: Reserve, lowest: float) -> bool:
        """Whether the intervals overlap, as far as the doses can be told apart.

        Args:
            other: The same quantity by another method.
            lowest: Lowest simulated dose; all doses below are one, and so are all above 1.

        >>> Reserve(0.0, (0.0, 0.0)).agrees_with(Reserve(0.01, (0.008, 0.013)), 0.03)
        True
        >>> Reserve(0.2, (0.18, 0.22)).agrees_with(Reserve(0.3, (0.25, 0.4)), 0.03)
        False
        """
        (low, high), (other_low, other_high) = (
            [min(max(end, lowest), 1.0) for end in each.interval] for each in (self, other)
        )
        return low <= other_high and other_low <= high


@dataclass(frozen=True, slots=True, eq=False)
class SliceCurve:
    """Scores of one slice at every dose.

    Attributes:
        header: The slice.
        region: What it shows, as the model says; ``None`` if unknown.
        findings: What the model finds in it.
        scores: Scores [doses, draws]; NaN where the model abstains.
        noise_hu: Equivalent noise in HU [doses, draws].
        quantum_noise_hu: Its own quantum noise in soft tissue in HU.
        quick_scores: Scores by the quick formula [doses].
        reserve: Dose reserve by simulation; its interval covers the draws.
        quick_reserve: Dose reserve by the quick formula; its interval covers the accuracy of the
            measured noise.
        cut_share: Share of the outline of the body that the field of view cuts off.
    """

    header: SliceHeader
    region: str | None
    findings: tuple[str, ...]
    scores: Floats
    noise_hu: Floats
    quantum_noise_hu: float
    quick_scores: Floats
    reserve: Reserve
    quick_reserve: Reserve
    cut_share: float

    @property
    def means(self) -> Floats:
        """Mean score over the draws [doses]."""
        return mean_of_draws(self.scores)

    @property
    def mean_noise_hu(self) -> Floats:
        """Mean equivalent noise over the draws in HU [doses]."""
        return mean_of_draws(self.noise_hu)

    @property
    def spread(self) -> Floats:
        """Standard deviation of the score over the draws [doses]; NaN for a single draw."""
        if self.scores.shape[1] < 2:
            return np.full(self.scores.shape[0], math.nan)
        return np.asarray(np.std(self.scores, axis=1, ddof=1))


@dataclass(frozen=True, eq=False)
class SeriesCurve:
    """Scores of one series at every dose.

    Attributes:
        scan: The series.
        slices: Its sampled slices, in z order.
        band: Interval of the median score at every dose, [2, doses].
        reserve: Dose reserve by simulation: where the median score over slices falls to the target.
        quick_reserve: Median dose reserve over slices by the quick formula.
        warnings: What to keep in mind.
    """

    scan: Scan
    slices: tuple[SliceCurve, ...]
    band: Floats
    reserve: Reserve
    quick_reserve: Reserve
    warnings: tuple[str, ...] = ()

    @cached_property
    def scores(self) -> Floats:
        """Median score over the slices [doses]."""
        return typical(np.stack([each.scores for each in self.slices]))

    @cached_property
    def noise_hu(self) -> Floats:
        """Median equivalent noise over the slices in HU [doses]."""
        return typical(np.stack([each.noise_hu for each in self.slices]))

    @cached_property
    def quick_scores(self) -> Floats:
        """Median score over the slices by the quick formula [doses]."""
        return np.asarray(np.median([each.quick_scores for each in self.slices], axis=0))

    @cached_property
    def spread(self) -> float:
        """Largest standard deviation over the draws, the median over slices; NaN for one draw."""
        return float(np.median([each.spread.max() for each in self.slices]))

    def agreeing(self, lowest: float) -> int:
        """Number of slices in which simulation and quick formula agree within their intervals."""
        return sum(each.reserve.agrees_with(each.quick_reserve, lowest) for each in self.slices)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or slice without a curve.

    Attributes:
        file: The file.
        frame: Index of the frame or slice in the file; ``None`` for the whole file or series.
        reason: Fixed code.
        detail: The reason in words.
        series_uid: Series that it belongs to; ``None`` if unknown.
    """

    file: Path
    frame: int | None
    reason: str
    detail: str
    series_uid: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DoseCurves:
    """Dose curves of all series.

    Attributes:
        plan: What was simulated.
        model: Model card, digest of the network, and engine.
        series: Curves of the series that have one.
        skipped: Files and series without a curve.
        left_out: Slices of series with a curve that are not part of it.
    """

    plan: Plan
    model: Mapping[str, Any]
    series: tuple[SeriesCurve, ...]
    skipped: tuple[LeftOut, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def lost(self) -> bool:
        """Whether files, series or slices could not be read or used at all."""
        return bool(self.skipped) or any(each.reason in UNREADABLE for each in self.left_out)

    @property
    def lowest(self) -> float:
        """The lowest simulated dose."""
        return self.plan.doses[-1]
