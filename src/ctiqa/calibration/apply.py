"""Apply a calibration to the scores of the model that it was made for."""

from __future__ import annotations

from dataclasses import replace

from ctiqa.calibration.curve import open_score
from ctiqa.calibration.file import Calibration
from ctiqa.errors import UsageError
from ctiqa.types import SCORE_RANGE, SliceScore
from ctiqa.weights import Model

OUTSIDE = "outside_calibration"
"""Flag of a slice whose score is unlike those of all cases of the calibration."""

MARGIN = 0.5
"""Grades beyond the scores of the cases from which a slice is flagged."""


def check_model(calibration: Calibration, model: Model) -> None:
    """Check that a calibration was made for a model.

    Raises:
        UsageError: If it was made for another one.
    """
    if calibration.model_sha256 != model.sha256:
        raise UsageError(
            f"'calibration' must be made for the model that scores, {model.card.name!r} (sha256 "
            f"{model.sha256[:12]}…), got {calibration.name!r} for {calibration.model!r} (sha256 "
            f"{calibration.model_sha256[:12]}…); choose that model with --model, or calibrate again"
        )


def calibrated(verdict: SliceScore, calibration: Calibration) -> SliceScore:
    """The score of a slice on the readers' scale, with the interval of the calibration.

    A slice without a score keeps none. Equivalent noise, region and findings are not changed.

    Args:
        verdict: The score by the model.
        calibration: The calibration.
    """
    if verdict.score is None:
        return verdict
    given = open_score(verdict.score, verdict.equivalent_noise_hu)
    mapped, half = float(calibration.curve.unclipped(given)), calibration.half_width
    low, high = calibration.covered
    outside = not low - MARGIN <= given <= high + MARGIN
    return replace(
        verdict,
        score=_clip(mapped),
        interval=(_clip(mapped - half), _clip(mapped + half)),
        flags=(*verdict.flags, OUTSIDE) if outside else verdict.flags,
    )


def _clip(score: float) -> float:
    return min(max(score, SCORE_RANGE[0]), SCORE_RANGE[1])
