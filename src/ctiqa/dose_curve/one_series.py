"""The dose curve of one series, from those of its slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np

from ctiqa.dose_curve.crossing import LEVEL, resampled
from ctiqa.dose_curve.one_slice import reserve_of
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.result import LeftOut, Reserve, SeriesCurve, SliceCurve
from ctiqa.score.verdict import SHARP_KERNEL
from ctiqa.types import Floats, Scan

MOST_CUT = 0.1
"""Share of the outline cut off above which the projections lack too much of the body."""

LEAST_NOISE_HU = 3.0
"""Quantum noise below this is measured inaccurately (docs/physics.md)."""

MOST_APART = 2.0
"""Ratio of neighbouring doses above which a dose between them is interpolated inaccurately."""


def curve_of_series(
    scan: Scan, slices: Sequence[SliceCurve], plan: Plan, left_out: Sequence[LeftOut] = ()
) -> SeriesCurve:
    """Summarise the curves of the slices of a series.

    Args:
        scan: The series.
        slices: Curves of its sampled slices, at least one, in z order.
        plan: What was simulated.
        left_out: Sampled slices without a curve.
    """
    scores = np.stack([each.scores for each in slices])
    rng = np.random.default_rng(plan.seed)
    band = _band(scores, rng)
    reserve = reserve_of(scores, plan, rng)
    return SeriesCurve(
        scan=scan,
        slices=tuple(slices),
        band=band,
        reserve=reserve,
        quick_reserve=_median([each.quick_reserve for each in slices]),
        warnings=(
            *scan.warnings,
            *_warnings(slices, plan, left_out),
            *_far_apart(reserve.dose, plan),
        ),
    )


def _band(scores: Floats, rng: np.random.Generator) -> Floats:
    """Percentile interval of the median score at every dose, [2, doses]."""
    tail = (1 - LEVEL) / 2
    return np.asarray(np.quantile(resampled(scores, rng), (tail, 1 - tail), axis=0))


def _median(reserves: Sequence[Reserve]) -> Reserve:
    """Median over slices; the accuracy of the method, which all share, does not average out."""
    low, high = (median(each.interval[end] for each in reserves) for end in (0, 1))
    return Reserve(median(each.dose for each in reserves), (low, high))


def _warnings(
    slices: Sequence[SliceCurve], plan: Plan, left_out: Sequence[LeftOut]
) -> Iterator[str]:
    if left_out:
        sampled = len(slices) + len(left_out)
        yield f"{len(left_out)} of {sampled} slices looked at were not used: {reasons(left_out)}"
    if len(slices) == 1:
        yield "a single slice: the intervals cover the draws of the noise only"
    if 2 * sum(SHARP_KERNEL in each.findings for each in slices) > len(slices):
        yield "sharp kernel: the words of the scale, such as good for 3, do not apply"
    cut = max(each.cut_share for each in slices)
    if cut > MOST_CUT:
        yield (
            f"the field of view cuts off up to {100 * cut:.0f} % of the outline of the body, so "
            "that the inserted noise is too low where rays pass what is missing"
        )
    if min(each.quantum_noise_hu for each in slices) < LEAST_NOISE_HU:
        yield f"quantum noise below {LEAST_NOISE_HU:g} HU is measured inaccurately"
    if plan.electronic:
        yield "the quick estimate knows no electronic noise"
    if np.isnan([each.means for each in slices]).any():
        yield "the model does not score some slices at low doses"


def _far_apart(dose: float, plan: Plan) -> Iterator[str]:
    """A warning if the doses simulated above and below the reserve are far apart."""
    if not 0 < dose <= 1:
        return
    above = min(each for each in plan.doses if each >= dose)
    below = max((each for each in plan.doses if each <= dose), default=above)
    if above > MOST_APART * below:
        yield (
            f"the dose at which the score falls to {plan.target:g} is interpolated between "
            f"{100 * above:g} % and {100 * below:g} %, which are far apart: simulate doses between "
            "them"
        )


def reasons(left_out: Sequence[LeftOut]) -> str:
    """Reasons with their numbers of slices, most frequent first."""
    counts = Counter(each.detail for each in left_out)
    return "; ".join(f"{count} × {detail}" for detail, count in counts.most_common())
