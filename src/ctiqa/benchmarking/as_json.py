"""A benchmark as JSON, for other programs.

``schema`` is incremented whenever a key is removed or changes its meaning. Numbers are finite or
``null``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ctiqa.benchmarking.cases import LeftOut
from ctiqa.benchmarking.changes import SEED, Change
from ctiqa.benchmarking.measures import MEASURES
from ctiqa.benchmarking.result import Benchmark, Images, Method
from ctiqa.metrics.agreement.bootstrap import LEVEL, RESAMPLES
from ctiqa.score.report.as_json import result_as_json, rounded_json

SCHEMA = 1
"""Version of the format."""

DIGITS = 6
"""Decimals of numbers."""


def benchmark_as_json(benchmark: Benchmark, command: str, created: datetime) -> bytes:
    """The benchmark as UTF-8 JSON text.

    Args:
        benchmark: The benchmark.
        command: Command that was run.
        created: Time of the benchmark.
    """
    return result_as_json(
        benchmark_as_dict(benchmark), schema=SCHEMA, command=command, created=created
    )


def benchmark_as_dict(benchmark: Benchmark) -> dict[str, Any]:
    """The benchmark as nested dicts and lists of texts and finite numbers."""
    window = benchmark.window
    return {
        "model": dict(benchmark.model),
        "protocol": {
            "window": [window.width_hu, window.level_hu],
            "slices": len(benchmark.measured),
            "scans": benchmark.scans,
            "patients": benchmark.patients,
            "resampled": "patients" if benchmark.patients > 1 else "blocks of slices",
            "resamples": RESAMPLES,
            "seed": SEED,
            "level": LEVEL,
            "frequency_unit": "1/mm" if benchmark.per_mm else "1/pixel",
            "matched_by": dict(benchmark.rules),
            "smallest_difference": {measure.key: measure.least for measure in MEASURES},
        },
        "reference": _images(benchmark.reference),
        "input": _images(benchmark.input),
        "methods": [_method(each) for each in benchmark.methods],
        "left_out": [_left_out(each) for each in benchmark.left_out],
        "notes": list(benchmark.notes),
    }


def _images(images: Images) -> dict[str, Any]:
    means = {
        measure.key: rounded_json(images.means.get(measure.key), DIGITS) for measure in MEASURES
    }
    return {"means": means, "findings": dict(images.findings)}


def _method(method: Method) -> dict[str, Any]:
    return {
        "name": method.name,
        **_images(method),
        "differences": {key: _change(change) for key, change in method.changes.items()},
        "verdict": {
            "code": method.verdict.code.value,
            "text": method.verdict.text,
            "rests_on": list(method.verdict.rests_on),
        },
    }


def _change(change: Change | None) -> dict[str, float | int | None] | None:
    if change is None:
        return None
    ends = {"value": change.value, "low": change.low, "high": change.high}
    return {**{key: rounded_json(end, DIGITS) for key, end in ends.items()}, "slices": change.n}


def _left_out(each: LeftOut) -> dict[str, Any]:
    return {
        "set": each.name,
        "file": str(each.file),
        "frame": each.frame,
        "reason": each.reason,
        "detail": each.detail,
    }
