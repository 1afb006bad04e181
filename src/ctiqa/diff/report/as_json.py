"""A comparison as JSON, for other programs.

``schema`` is incremented whenever a key is removed or changes its meaning. Numbers are finite or
``null``.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from ctiqa.diff.differences import Difference
from ctiqa.diff.intervals import LEVEL
from ctiqa.diff.matching.pairs import IN_WORDS, SIZE_TOLERANCE, Pair, Why, region_of
from ctiqa.diff.measures import MEASURES
from ctiqa.diff.measuring import Measured
from ctiqa.diff.result import Comparison
from ctiqa.score.report.as_json import result_as_json, rounded_json
from ctiqa.score.report.facts import acquisition

SCHEMA = 1
"""Version of the format."""

DIGITS = 6
"""Decimals of numbers."""


def comparison_as_json(comparison: Comparison, command: str, created: datetime) -> bytes:
    """The comparison as UTF-8 JSON text.

    Args:
        comparison: The comparison.
        command: Command that was run.
        created: Time of the comparison.
    """
    return result_as_json(
        comparison_as_dict(comparison), schema=SCHEMA, command=command, created=created
    )


def comparison_as_dict(comparison: Comparison) -> dict[str, Any]:
    """The comparison as nested dicts and lists of texts and finite numbers."""
    a, b = comparison.scans
    size = comparison.kinds.log_size
    return {
        "model": {key: a.facts.get(key) for key in ("name", "version", "sha256", "engine")},
        "a": _scan(a),
        "b": _scan(b),
        "matching": {
            "rule": comparison.found.rule,
            "relation": comparison.kinds.relation.value,
            "size_tolerance": SIZE_TOLERANCE,
            "size_ratio": None if size is None else rounded_json(math.exp(size), DIGITS),
            "identical": comparison.identical,
        },
        "level": LEVEL,
        "verdict": {
            "code": comparison.verdict.code.value,
            "sentences": list(comparison.verdict.sentences),
        },
        "notes": list(comparison.notes),
        "differences": {
            measure.key: _difference(comparison.differences[measure.key]) for measure in MEASURES
        },
        "pairs": [_pair(pair, a, b) for pair in comparison.found.pairs],
        "left_out": [
            _left_out(scan, index, why)
            for scan, whys in zip(comparison.scans, comparison.found.left_out, strict=True)
            for index, why in whys.items()
        ],
    }


def _scan(scan: Measured) -> dict[str, Any]:
    verdict = scan.score
    return {
        "series_uid": verdict.scan.series_uid,
        "path": str(verdict.scan.path),
        "n_slices": len(verdict.slices),
        "score": rounded_json(verdict.score),
        "acquisition": acquisition(verdict.scan.headers),
        "warnings": list(verdict.warnings),
        "skipped": [
            {"file": str(each.file), "reason": each.reason.value, "detail": each.detail}
            for each in scan.skipped
        ],
    }


def _difference(found: Difference) -> dict[str, Any]:
    """A difference; a ratio as the factor B/A."""

    def end(value: float | None) -> float | None:
        if value is None:
            return None
        return rounded_json(math.exp(value) if found.measure.ratio else value, DIGITS)

    return {
        "kind": "ratio" if found.measure.ratio else "difference",
        "a": rounded_json(found.a, DIGITS),
        "b": rounded_json(found.b, DIGITS),
        "value": end(found.value),
        "low": end(found.low),
        "high": end(found.high),
        "n": found.n,
        "shown": found.sign,
        "accuracy": found.measure.accuracy,
        "why": found.why or None,
    }


def _pair(pair: Pair, a: Measured, b: Measured) -> dict[str, Any]:
    one, two = a.slices[pair.a], b.slices[pair.b]
    return {
        "a": pair.a,
        "b": pair.b,
        "a_z_mm": rounded_json(one.header.z_mm),
        "b_z_mm": rounded_json(two.header.z_mm),
        "a_region": region_of(one),
        "b_region": region_of(two),
    }


def _left_out(scan: Measured, index: int, why: Why) -> dict[str, Any]:
    header = scan.slices[index].header
    return {
        "scan": scan.name.lower(),
        "index": index,
        "file": str(header.source.file),
        "frame": header.source.frame,
        "z_mm": rounded_json(header.z_mm),
        "reason": why.value,
        "detail": IN_WORDS[why],
    }
