"""From the ensemble outputs of a network to scores, intervals and words; pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ctiqa.hu import body_fraction
from ctiqa.score.engines.protocol import Answers, ImageBatch
from ctiqa.types import SCORE_RANGE, HuImage, ScanScore, SliceHeader, SliceScore
from ctiqa.weights import IntervalRule, ModelCard

Members = npt.NDArray[np.float32]
"""Ensemble outputs, float32 [..., members], on the 0-4 scale, not clipped."""

WORDS = ("bad", "poor", "fair", "good", "excellent")
"""The words of the scale, from 0 to 4 (LDCTIQAC2023)."""

MEANINGS = (
    "desired features are not shown",
    "diagnostic interpretation is impossible",
    "limited interpretation",
    "diagnostic",
    "anatomy is clearly visible",
)
"""Definitions of the words of the scale (LDCTIQAC2023)."""

ABSTENTIONS = {
    "matrix": "matrix outside the range the model was made for",
    "blank": "every pixel has the same value",
    "air": "no body in the slice",
    "region": "not a region that the model was trained to score",
    "not_hu": "not a patient in CT numbers",
    "outside_training": "not a patient, or not one that the model was trained to score",
}
"""Flags of slices that are not scored, and their meaning."""

SHARP_KERNEL = "sharp kernel"
"""Finding with which a score has no word: the words were defined at soft-tissue kernels."""

SURE = 0.5
"""Probability from which a finding is reported."""

MIN_BODY_FRACTION = 0.01
"""A slice with less tissue than this fraction of its matrix is air."""


def word(score: float) -> str:
    """The word of the scale nearest to a score; halfway, the better one.

    It belongs to the score, not to its printed number, which may be rounded:
    :func:`ctiqa.score.report.rounding.shown` prints numbers that agree with their word.

    >>> word(3.2), word(3.5), word(3.46)
    ('good', 'excellent', 'good')
    """
    return WORDS[min(math.floor(float(score) + 0.5), len(WORDS) - 1)]


def has_sharp_kernel(verdict: SliceScore | ScanScore) -> bool:
    """Whether a slice, or most of the scored slices of a scan, show the noise of a sharp kernel."""
    if isinstance(verdict, SliceScore):
        return SHARP_KERNEL in verdict.findings
    scored = [each for each in verdict.slices if each.score is not None]
    return 2 * sum(map(has_sharp_kernel, scored)) > len(scored)


def word_of(verdict: SliceScore | ScanScore) -> str | None:
    """The word for the score of a slice or scan; ``None`` without score or with a sharp kernel."""
    return None if verdict.score is None or has_sharp_kernel(verdict) else word(verdict.score)


def abstention(hu: HuImage, card: ModelCard) -> str | None:
    """Why a slice cannot be scored; ``None`` if it can.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        card: Card of the model.
    """
    low, high = card.matrix
    if min(hu.shape) < low or max(hu.shape) > high:
        return "matrix"
    if float(hu.min()) == float(hu.max()):
        return "blank"
    return "air" if body_fraction(hu) < MIN_BODY_FRACTION else None


def why_unscored(verdict: SliceScore) -> str | None:
    """The first of the flags that say why a slice has no score; ``None`` if it has one."""
    if verdict.score is not None:
        return None
    return next((flag for flag in verdict.flags if flag in ABSTENTIONS), None)


def judge(members: Members, rule: IntervalRule) -> tuple[float, tuple[float, float]]:
    """Score and prediction interval of one slice.

    Score = mean of the ensemble outputs; interval = mean ± quantile·√(spread² + floor²), where
    spread is their standard deviation; both are clipped to the scale. So a score far beyond the
    end of the scale has a narrow interval at that end.

    Args:
        members: Ensemble outputs, [members].
        rule: Calibrated width of the interval.

    Returns:
        Score and (low, high), all in [0, 4].

    >>> judge(np.float32([2.0, 3.0]), IntervalRule(level=0.9, quantile=2.0, floor=0.0))
    (2.5, (1.5, 3.5))
    """
    mean = float(np.mean(members, dtype=np.float64))
    half = rule.quantile * math.hypot(float(np.std(members, dtype=np.float64)), rule.floor)
    return _clip(mean), (_clip(mean - half), _clip(mean + half))


def judge_slice(header: SliceHeader, answers: Answers, number: int, card: ModelCard) -> SliceScore:
    """The score of one slice of a batch, and what else the network answers.

    A slice that shows a region the card does not list as judged has no score.

    Args:
        header: The slice.
        answers: Outputs of the network for the batch.
        number: Index of the slice in the batch.
        card: Card of the model.
    """
    noise = answers.log_equivalent_noise_hu
    unscored = SliceScore(
        header,
        None,
        None,
        header.flags,
        equivalent_noise_hu=None if noise is None else math.exp(float(noise[number])),
        region=_most_likely(answers.regions, number, card.regions),
        findings=_findings(answers.findings, number, card.findings),
    )
    if unscored.region is not None and unscored.region not in card.judged:
        return replace(unscored, flags=(*header.flags, "region"))
    score, interval = judge(answers.scores[number], card.interval)
    local = answers.log_noise_hu
    noise_map_hu = None if local is None else np.exp(local[number])
    return replace(
        unscored,
        score=score,
        interval=interval,
        equivalent_noise_interval=_noise_interval(unscored, answers.scores[number], card),
        noise_map_hu=noise_map_hu,
    )


def _noise_interval(
    verdict: SliceScore, members: Members, card: ModelCard
) -> tuple[float, float] | None:
    """Interval of the equivalent noise, if it is estimated and the card says how accurately."""
    noise_hu = verdict.equivalent_noise_hu
    if noise_hu is None or card.noise is None:
        return None
    factor = card.noise.factor(float(np.std(members, dtype=np.float64)))
    return noise_hu / factor, noise_hu * factor


def _most_likely(regions: ImageBatch | None, number: int, names: Sequence[str]) -> str | None:
    return None if regions is None else names[int(np.argmax(regions[number]))]


def _findings(findings: ImageBatch | None, number: int, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the findings that are more likely than not."""
    if findings is None:
        return ()
    return tuple(name for name, p in zip(names, findings[number], strict=True) if p > SURE)


def _clip(score: float) -> float:
    return min(max(score, SCORE_RANGE[0]), SCORE_RANGE[1])
