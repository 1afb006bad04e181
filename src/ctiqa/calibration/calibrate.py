"""From readers' scores and a model's scores to a calibration."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.calibration.conformal import LEVEL, half_width, reach
from ctiqa.calibration.evidence import agreement_facts
from ctiqa.calibration.file import SCHEMA, WHAT, Calibration, calibration_from
from ctiqa.calibration.fit import fit_map
from ctiqa.calibration.readings import Readings, match_readings
from ctiqa.calibration.rules import check
from ctiqa.calibration.scored import scores_of
from ctiqa.calibration.table import read_readings
from ctiqa.errors import UsageError
from ctiqa.io.scans import AnyPath
from ctiqa.text.plain_text import clean
from ctiqa.types import SCORE_RANGE, Floats, Results
from ctiqa.version import __version__


def calibrate(
    readers: AnyPath | Iterable[Mapping[str, object]],
    scores: Results | AnyPath,
    *,
    score_range: tuple[float, float] = SCORE_RANGE,
    name: str | None = None,
    root: AnyPath | None = None,
) -> Calibration:
    """Calibrate a model's scores to local readers.

    Fits a strictly increasing map of few parameters to the mean of the readers, chosen and judged
    on patients left out; the model's own scores are kept if there is nothing to gain. Needs 20
    cases of 9 patients or more.

    Args:
        readers: CSV file with the columns ``path`` or ``id``, ``score`` and, if known, ``reader``
            and ``patient``; or its rows as mappings. A case is a file, a frame (``file[frame]``),
            a folder, or the UID of a series or slice.
        scores: Scores of the model for these cases: a report, or its JSON file; not calibrated.
        score_range: Worst and best score of the readers' scale; the worst may be the larger.
        name: Name of the calibration; ``None`` takes the name of the CSV file.
        root: Folder to which paths of cases are relative; ``None`` takes that of the CSV file, or
            the working folder.

    Returns:
        The calibration; its ``left_out`` lists the cases without a score of the model.

    Raises:
        UsageError: If an argument breaks a rule.
        DataError: If the table breaks a rule, or the cases are too few, of one grade, or
            contradict each other or the model.
        NothingToDoError: If no case of the readers is among the scores.
    """
    table = Path(readers) if isinstance(readers, str | os.PathLike) else readers
    own = table if isinstance(table, Path) else None
    place = Path(root) if root is not None else own.parent if own else Path()
    found = scores_of(scores if isinstance(scores, Results) else Path(scores))
    readings = match_readings(read_readings(table, checked_range(score_range)), found, place)
    check(readings)
    title = clean(name or (own.stem if own else "readers"))
    made = calibration_from(_facts(readings, found.model, title, score_range))
    return replace(made, reader_bias=_bias_by_name(readings), left_out=readings.left_out)


def checked_range(score_range: tuple[float, float]) -> tuple[float, float]:
    """The scale of the readers, checked.

    Raises:
        UsageError: If it is not two different numbers.
    """
    worst, best = score_range
    if not (math.isfinite(worst) and math.isfinite(best)) or worst == best:
        raise UsageError(
            f"'score_range' must be the worst and the best score of the readers' scale, two "
            f"different numbers, got {worst:g} and {best:g}"
        )
    return worst, best


def _facts(
    readings: Readings, model: Mapping[str, Any], name: str, score_range: tuple[float, float]
) -> dict[str, Any]:
    """Content of the file."""
    cases = readings.cases
    fitted = fit_map(cases)
    width = half_width(_reaches(readings, fitted.left_out), cases.patient[readings.case])
    return {
        "schema": SCHEMA,
        "what": WHAT,
        "name": name,
        "created": datetime.now().astimezone().date().isoformat(),
        "ctiqa": __version__,
        "model": {key: model.get(key) for key in ("name", "version", "sha256")},
        "cases": len(readings.target),
        "patients": len(np.unique(cases.patient)),
        "patients_from": "table" if readings.patients_named else "series",
        "readers": len(readings.readers),
        "readings": len(readings.score),
        "left_out": len(readings.left_out),
        "score_range": list(score_range),
        "map": {
            "form": fitted.form,
            "open_scores": list(fitted.curve.open_scores),
            "scores": list(fitted.curve.scores),
            "covered": _rounded([cases.open_scores.min(), cases.open_scores.max()]),
            "errors": {form: round(error, 4) for form, error in fitted.errors.items()},
        },
        "interval": {"level": LEVEL, "half_width": round(width, 4)},
        "reader_effects": _effects(readings),
        "agreement": agreement_facts(readings, fitted.left_out),
    }


def _reaches(readings: Readings, values: Floats) -> Floats:
    """Half width that an interval needs to contain each reading [readings]."""
    by_reader = np.stack([reach(readings.cases, values, own) for own in readings.table()])
    return np.asarray(by_reader[readings.reader, readings.case])


def _effects(readings: Readings) -> dict[str, Any] | None:
    """How readers differ; without their names, in the order of the table."""
    found = readings.effects
    if found is None:
        return None
    between, within = _rounded([found.between_sd, found.within_sd])
    return {"bias": _rounded(found.bias), "between_sd": between, "within_sd": within}


def _bias_by_name(readings: Readings) -> dict[str, float]:
    found = readings.effects
    return {} if found is None else dict(zip(readings.readers, _rounded(found.bias), strict=True))


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in values]
