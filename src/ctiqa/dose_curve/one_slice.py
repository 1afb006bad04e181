"""The dose curve of one slice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ctiqa.cards import NoiseRule
from ctiqa.dose_curve.crossing import crossing, interval_of, resampled, typical
from ctiqa.dose_curve.insertion import LowDoseNoise, low_dose_noise
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.quick import quick_reserve, quick_scores
from ctiqa.dose_curve.result import Reserve, SliceCurve
from ctiqa.errors import UsageError
from ctiqa.physics.patient.body import find_body
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.score.honesty.flags import FILTERED
from ctiqa.score.verdict import ABSTENTIONS, why_unscored
from ctiqa.types import Floats, Slice, SliceScore, Unmeasured

Judge = Callable[[Sequence[Slice]], list[SliceScore]]
"""Scores slices, in order."""


class NoCurveError(Exception):
    """A slice has no dose curve; carries the fixed code of the reason.

    The codes are the flags of slices without a score, the reasons of :class:`Unmeasured`,
    ``"filtered"``, ``"field_of_view"`` and ``"no_equivalent_noise"``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check_slice(image: Slice, verdict: SliceScore) -> float:
    """Check that a dose curve can be simulated from a slice.

    Args:
        image: The slice.
        verdict: Its score.

    Returns:
        Its equivalent noise in HU.

    Raises:
        NoCurveError: If the slice has no score, no pixel spacing, or was filtered.
    """
    if verdict.score is None:
        flag = why_unscored(verdict) or "not_scored"
        shown = f" ({verdict.region})" if verdict.region else ""
        raise NoCurveError(flag, f"not scored: {ABSTENTIONS.get(flag, 'no score')}{shown}")
    if verdict.equivalent_noise_hu is None:
        raise NoCurveError("no_equivalent_noise", "the model does not estimate equivalent noise")
    spacing_mm = image.header.spacing_mm
    if spacing_mm is None:
        raise NoCurveError(
            Unmeasured.NO_SPACING.value,
            "the file does not state the pixel spacing, without which nothing can be projected",
        )
    if FILTERED in verdict.flags or is_filtered(image.hu, spacing_mm):
        raise NoCurveError(
            FILTERED,
            "the image was filtered or denoised: what the filter would leave of more noise cannot "
            "be extrapolated",
        )
    return verdict.equivalent_noise_hu


def curve_of_slice(
    image: Slice,
    verdict: SliceScore,
    judge: Judge,
    plan: Plan,
    *,
    number: int = 0,
    rule: NoiseRule | None = None,
) -> SliceCurve:
    """Score a slice at every dose of a plan.

    Args:
        image: The slice.
        verdict: Its score.
        judge: Scores the simulated slices.
        plan: What to simulate.
        number: Number of the slice in the run, so that its noise is its own.
        rule: Accuracy of the equivalent noise; ``None`` if the model does not state it.

    Raises:
        NoCurveError: If the curve cannot be simulated.
    """
    own_noise = check_slice(image, verdict)
    rng = np.random.default_rng([plan.seed, number])
    noise = _noise(image, plan, rng)
    scores, noise_hu = _answers(verdict, judge(_images(image, noise, plan)), plan)
    return SliceCurve(
        header=image.header,
        region=verdict.region,
        findings=verdict.findings,
        scores=scores,
        noise_hu=noise_hu,
        quantum_noise_hu=noise.level_hu,
        quick_scores=quick_scores(own_noise, noise.level_hu, plan.doses),
        reserve=reserve_of(scores[np.newaxis], plan, rng),
        quick_reserve=quick_reserve(own_noise, noise.level_hu, plan.target, rule),
        cut_share=find_body(image.hu).cut_share,
    )


def reserve_of(scores: Floats, plan: Plan, rng: np.random.Generator) -> Reserve:
    """Dose reserve of slices, with its bootstrap interval over slices and draws.

    Args:
        scores: Scores [slices, doses, draws].
        plan: The doses and the target.
        rng: Random generator for the resampling.
    """
    value = float(crossing(plan.doses, typical(scores), plan.target))
    found = crossing(plan.doses, resampled(scores, rng), plan.target)
    return Reserve(value, interval_of(found))


def _noise(image: Slice, plan: Plan, rng: np.random.Generator) -> LowDoseNoise:
    spacing_mm = image.header.spacing_mm
    assert spacing_mm is not None  # noqa: S101 - checked by check_slice
    try:
        return low_dose_noise(
            image.hu, spacing_mm, rng, draws=plan.draws, electronic_share=plan.electronic
        )
    except NotMeasurableError as error:
        raise NoCurveError(
            error.reason.value, f"its quantum noise cannot be measured: {error.detail}"
        ) from error
    except UsageError as error:
        raise NoCurveError("field_of_view", f"it cannot be projected: {error}") from error


def _images(image: Slice, noise: LowDoseNoise, plan: Plan) -> list[Slice]:
    """The slice at every dose but its own, dose by dose, draw by draw."""
    return [
        Slice(noise.at(dose, draw), image.header)
        for dose in plan.doses[1:]
        for draw in range(plan.draws)
    ]


def _answers(own: SliceScore, verdicts: Sequence[SliceScore], plan: Plan) -> tuple[Floats, Floats]:
    """Scores and equivalent noise in HU, [doses, draws]; at its own dose there is no draw."""
    shape = (len(plan.doses), plan.draws)
    all_verdicts = [own] * plan.draws + list(verdicts)
    scores = [_number(each.score) for each in all_verdicts]
    noise_hu = [_number(each.equivalent_noise_hu) for each in all_verdicts]
    return np.reshape(scores, shape), np.reshape(noise_hu, shape)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
