"""Dose curves as JSON, for other programs; ``dose-curve.schema.json`` describes it.

``schema`` is incremented whenever a key is removed or changes its meaning. Numbers are finite or
``null``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ctiqa.dose_curve.crossing import LEVEL, RESAMPLES
from ctiqa.dose_curve.result import DoseCurves, LeftOut, Reserve, SeriesCurve, SliceCurve
from ctiqa.score.report.as_json import result_as_json, rounded_json
from ctiqa.types import Floats

SCHEMA = 1
"""Version of the format."""


def curves_as_json(curves: DoseCurves, command: str, created: datetime) -> bytes:
    """The curves as UTF-8 JSON text.

    Args:
        curves: The curves.
        command: Command that was run; empty if there was none.
        created: Time of the run.
    """
    return result_as_json(curves_as_dict(curves), schema=SCHEMA, command=command, created=created)


def curves_as_dict(curves: DoseCurves) -> dict[str, Any]:
    """The curves as nested dicts and lists of texts and finite numbers."""
    plan = curves.plan
    return {
        "model": dict(curves.model),
        "target": plan.target,
        "protocol": {
            "draws": plan.draws,
            "electronic": plan.electronic,
            "seed": plan.seed,
            "level": LEVEL,
            "resamples": RESAMPLES,
        },
        "series": [_series(each, curves) for each in curves.series],
        "slices": [
            _slice(each, series, curves) for series in curves.series for each in series.slices
        ],
        "skipped": [_left_out(each) for each in curves.skipped],
        "left_out": [_left_out(each) for each in curves.left_out],
    }


def _series(series: SeriesCurve, curves: DoseCurves) -> dict[str, Any]:
    agreeing, count = series.agreeing(curves.lowest), len(series.slices)
    return {
        "series_uid": series.scan.series_uid,
        "path": str(series.scan.path),
        "n_slices": count,
        "doses": list(curves.plan.doses),
        "scores": _numbers(series.scores),
        "interval": [_numbers(end) for end in series.band],
        "quick_scores": _numbers(series.quick_scores),
        "equivalent_noise_hu": _numbers(series.noise_hu),
        "reserve": _reserve(series.reserve),
        "quick_reserve": _reserve(series.quick_reserve),
        "agreeing_slices": agreeing,
        "agreeing_share": round(agreeing / count, 4),
        "draws_spread": rounded_json(series.spread),
        "warnings": list(series.warnings),
    }


def _slice(each: SliceCurve, series: SeriesCurve, curves: DoseCurves) -> dict[str, Any]:
    source = each.header.source
    return {
        "series_uid": series.scan.series_uid,
        "file": str(source.file),
        "frame": source.frame,
        "instance_uid": source.instance_uid,
        "z_mm": rounded_json(each.header.z_mm),
        "region": each.region,
        "doses": list(curves.plan.doses),
        "scores": _numbers(each.means),
        "draws_spread": _numbers(each.spread),
        "quick_scores": _numbers(each.quick_scores),
        "equivalent_noise_hu": _numbers(each.mean_noise_hu),
        "quantum_noise_hu": rounded_json(each.quantum_noise_hu),
        "reserve": _reserve(each.reserve),
        "quick_reserve": _reserve(each.quick_reserve),
        "agrees": each.reserve.agrees_with(each.quick_reserve, curves.lowest),
    }


def _reserve(reserve: Reserve) -> dict[str, Any]:
    """A reserve; ``beyond`` says on which side it lies if it is not known as a number."""
    beyond = {0.0: "below", math.inf: "above"}.get(reserve.dose)
    return {
        "dose": _finite(reserve.dose),
        "interval": [_finite(end) for end in reserve.interval],
        "beyond": beyond,
    }


def _finite(dose: float) -> float | None:
    return rounded_json(dose) if 0 < dose < math.inf else None


def _numbers(values: Floats | Sequence[float]) -> list[float | None]:
    return [rounded_json(float(value)) for value in values]


def _left_out(each: LeftOut) -> dict[str, Any]:
    return {
        "file": str(each.file),
        "frame": each.frame,
        "series_uid": each.series_uid,
        "reason": each.reason,
        "detail": each.detail,
    }
