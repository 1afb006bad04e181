"""Checks of the model, the calibration and the limits."""

from __future__ import annotations

from collections.abc import Iterator

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.config import Config
from ctiqa.errors import CtiqaError
from ctiqa.score.scorer import Scorer
from ctiqa.system.processor import usable_cores
from ctiqa.trends.limits.reading import read_limits


def check_scoring(config: Config) -> Iterator[Check]:
    """Check that the model and the calibration can be loaded, and that the limits are valid."""
    score = config.score
    yield _model(config)
    if score.workers > usable_cores():
        yield Check(
            "score.workers",
            "warning",
            f"{score.workers} workers share {usable_cores()} cores; lower the number",
        )
    if config.watch.limits is not None:
        yield _limits(config)


def _model(config: Config) -> Check:
    score = config.score
    place = "score.calibration" if score.calibration else "score.model"
    try:
        scorer = Scorer(
            score.model or DEFAULT_MODEL,
            jobs=1,
            engine=score.engine,
            calibration=score.calibration,
        )
    except CtiqaError as error:
        return Check(place, "broken", str(error))
    facts = scorer.facts
    calibrated = " with its calibration" if score.calibration else ""
    return Check(place, "ok", f"{facts['name']} {facts['version']}{calibrated}, SHA-256 verified")


def _limits(config: Config) -> Check:
    assert config.watch.limits is not None  # noqa: S101 - checked by the caller
    place = "watch.limits"
    try:
        limits = read_limits(config.watch.limits)
    except CtiqaError as error:
        return Check(place, "broken", str(error))
    if not config.alert:
        return Check(
            place, "warning", "limits are checked, but nobody gets an alert; add a table [[alert]]"
        )
    return Check(place, "ok", f"{len(limits)} tables of limits")
