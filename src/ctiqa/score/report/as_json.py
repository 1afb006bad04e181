"""The report as JSON, for other programs.

``schema`` is incremented whenever a key is removed or changes its meaning. Numbers are always
finite; unknown values and missing scores are ``null``. Scores are in [0, 4], 4 is best, with four
decimals. What a model does not estimate is ``null``, or ``[]`` for lists.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from ctiqa.score.report.facts import NOTICE, Range, acquisition, was_stopped
from ctiqa.text.plain_text import clean_tree
from ctiqa.types import PatientPhysics, Results, ScanScore, Skipped, SliceScore
from ctiqa.version import __version__

REPORT_SCHEMA = 1
"""Version of the format."""

PHYSICS = tuple(each.name for each in fields(PatientPhysics) if each.name != "missing")
"""Names of the physical measures, in order."""


def report_as_json(report: Results) -> bytes:
    r"""The report as UTF-8 JSON text.

    >>> report_as_json(Results(model={"name": "m"}, scans=(), skipped=()))[:14]
    b'{\n "schema": 1'
    """
    return as_json_text(report_as_dict(report))


def result_as_json(
    content: Mapping[str, Any], *, schema: int, command: str, created: datetime
) -> bytes:
    """A result other than scores as UTF-8 JSON text, with how it came about.

    Args:
        content: Nested dicts and lists of texts and finite numbers.
        schema: Version of the format.
        command: Command that was run; empty if there was none.
        created: Time of the run.
    """
    origin = {
        "schema": schema,
        "notice": NOTICE,
        "ctiqa": __version__,
        "created": created.isoformat(timespec="seconds"),
        "command": command,
    }
    return as_json_text(dict(clean_tree({**origin, **content})))


def as_json_text(content: Mapping[str, Any]) -> bytes:
    r"""Indented UTF-8 JSON text; NaN and infinity are refused.

    >>> as_json_text({"kernel": "B40f"})
    b'{\n "kernel": "B40f"\n}\n'
    """
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def report_as_dict(report: Results) -> dict[str, Any]:
    """The report as nested dicts and lists of clean texts and finite numbers."""
    content = {
        "schema": REPORT_SCHEMA,
        "notice": NOTICE,
        "interrupted": was_stopped(report),
        "model": report.model,
        "scans": [_scan(verdict) for verdict in report.scans],
        "skipped": [_skipped(each) for each in report.skipped],
    }
    return dict(clean_tree(content))


def rounded_json(value: float | None, digits: int = 4) -> float | None:
    """Round a number for output; NaN and infinity become ``None``.

    >>> rounded_json(3.14159), rounded_json(float("nan")), rounded_json(None)
    (3.1416, None, None)
    """
    return None if value is None or not math.isfinite(value) else round(value, digits)


def _scan(verdict: ScanScore) -> dict[str, Any]:
    return {
        "series_uid": verdict.scan.series_uid,
        "path": str(verdict.scan.path),
        "score": rounded_json(verdict.score),
        "interval": _interval(verdict.interval),
        "equivalent_noise_hu": rounded_json(verdict.equivalent_noise_hu),
        "equivalent_noise_interval": _interval(verdict.equivalent_noise_interval),
        "dose_reserve": rounded_json(verdict.dose_reserve),
        "dose_reserve_interval": _interval(verdict.dose_reserve_interval),
        "physics": _physics(verdict.physics),
        "n_slices": len(verdict.slices),
        "n_judged": sum(each.score is not None for each in verdict.slices),
        "acquisition": acquisition(verdict.scan.headers),
        "slices": [_slice(each) for each in verdict.slices],
        "flags": list(verdict.flags),
        "warnings": list(verdict.warnings),
    }


def _slice(verdict: SliceScore) -> dict[str, Any]:
    source = verdict.header.source
    return {
        "file": str(source.file),
        "frame": source.frame,
        "instance_uid": source.instance_uid,
        "z_mm": rounded_json(verdict.header.z_mm),
        "score": rounded_json(verdict.score),
        "interval": _interval(verdict.interval),
        "equivalent_noise_hu": rounded_json(verdict.equivalent_noise_hu),
        "equivalent_noise_interval": _interval(verdict.equivalent_noise_interval),
        "dose_reserve": rounded_json(verdict.dose_reserve),
        "region": verdict.region,
        "findings": list(verdict.findings),
        "physics": _physics(verdict.physics),
        "flags": list(verdict.flags),
    }


def _physics(found: PatientPhysics | None) -> dict[str, Any] | None:
    """Every value, and the codes of the reasons why values are missing."""
    if found is None:
        return None
    values = {name: rounded_json(getattr(found, name), 6) for name in PHYSICS}
    return {**values, "missing": {name: code.value for name, code in found.missing.items()}}


def _skipped(each: Skipped) -> dict[str, str]:
    return {"file": str(each.file), "reason": each.reason.value, "detail": each.detail}


def _interval(interval: Range | None) -> list[float | None] | None:
    return None if interval is None else [rounded_json(end) for end in interval]
