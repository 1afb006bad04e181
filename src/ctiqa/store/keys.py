"""The key of a result: which series, with which content, scored by which model and how."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ctiqa.io import ReadOptions
from ctiqa.store.content import content_digest
from ctiqa.types import Scan

NOT_THE_MODEL = ("engine",)
"""Facts in a report that do not change the score: engines agree within 0.02."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Two results with equal keys are the same result.

    Attributes:
        series_uid: Name of the series, :attr:`ctiqa.types.Scan.series_uid`.
        content: Digest of its pixels and geometry.
        model: Digest of the model, its card and the calibration.
        options: Digest of the options it was read with.
    """

    series_uid: str
    content: str
    model: str
    options: str


def series_key(scan: Scan, model: Mapping[str, Any], options: ReadOptions) -> SeriesKey:
    """The key of a series; its files are read to compute the digest of the content.

    Args:
        scan: The series with all its slices, as it was found and before it is scored.
        model: Facts of the model, :attr:`ctiqa.types.Results.model`.
        options: The options it is read with.
    """
    return SeriesKey(
        scan.series_uid, content_digest(scan), model_digest(model), options_digest(options)
    )


def model_digest(facts: Mapping[str, Any]) -> str:
    """Digest of a model: network, card and calibration, but not the engine that runs it.

    >>> model_digest({"name": "m", "engine": "a"}) == model_digest({"engine": "b", "name": "m"})
    True
    """
    return _digest(model_facts(facts))


def model_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that :func:`model_digest` covers."""
    return {name: value for name, value in facts.items() if name not in NOT_THE_MODEL}


def options_digest(options: ReadOptions) -> str:
    """Digest of options.

    >>> options_digest(ReadOptions()) == options_digest(ReadOptions(tiff_hu=True))
    False
    """
    return _digest(asdict(options))


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
