"""The file of a calibration: JSON with the map, its interval and its evidence; no identities."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctiqa.calibration.curve import Curve, is_curve
from ctiqa.errors import DataError, UsageError, list_problems
from ctiqa.io.atomic import write_bytes
from ctiqa.text.strict_json import StrictJsonError, parse_json

SCHEMA = 1
"""Version of the format; incremented whenever a key is removed or changes its meaning."""

WHAT = "ctiqa calibration"
"""Entry ``what`` of every file."""

REMEDY = "make it again with 'ctiqa calibrate'"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from the scores of one model to the scale of local readers, with its interval.

    Made by :func:`ctiqa.calibrate` or read from a file; ``ctiqa.Scorer(calibration=...)`` applies
    it.

    Attributes:
        name: Name, shown in every output.
        model: Name of the model that it was made for.
        model_sha256: Digest of the network of that model.
        cases: Number of cases.
        readers: Number of readers.
        curve: The map.
        covered: Lowest and highest open score of the cases.
        half_width: Distance from the mapped score to each end of its 90 % interval, in grades.
        facts: Everything in the file, also the agreement with the readers before and after.
        reader_bias: Bias of each reader by name, in grades; never written, so empty when read.
        left_out: Cases that were left out, with the reason; never written.
    """

    name: str
    model: str
    model_sha256: str
    cases: int
    readers: int
    curve: Curve
    covered: tuple[float, float]
    half_width: float
    facts: Mapping[str, Any] = field(repr=False)
    content: bytes = field(repr=False)
    """Content of the file."""
    reader_bias: Mapping[str, float] = field(default_factory=dict, compare=False)
    left_out: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Calibration:
        """Read a calibration from a file.

        Raises:
            UsageError: If the file cannot be read.
            DataError: If it is not a calibration, or breaks a rule.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(
                f"'calibration' must be a readable file, got {os.fspath(path)} "
                f"({error.strerror}); make one with 'ctiqa calibrate'"
            ) from None
        return parse_calibration(content, os.fspath(path))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the calibration to a JSON file; its folder must exist. The write is atomic.

        Raises:
            OutputError: If it cannot be written; an existing file is unchanged.
        """
        write_bytes(Path(path), self.content)

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def summary(self) -> dict[str, Any]:
        """What reports say of it, under ``model.calibration``."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "cases": self.cases,
            "readers": self.readers,
        }


def calibration_from(facts: Mapping[str, Any]) -> Calibration:
    """A calibration from the content of its file as nested dicts and lists."""
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    return parse_calibration(f"{text}\n".encode(), "calibration")


def parse_calibration(content: bytes, name: str) -> Calibration:
    """Check the content of a file.

    Args:
        content: The file.
        name: Its name, for messages.

    Raises:
        DataError: If it is not a calibration, or breaks a rule; the message lists all problems.
    """
    try:
        facts = parse_json(content)
    except StrictJsonError as error:
        raise DataError(f"'{name}' must be a JSON file ({error}); {REMEDY}") from None
    if not isinstance(facts, dict) or facts.get("what") != WHAT:
        raise DataError(f"'{name}' must be a calibration with 'what': '{WHAT}'; {REMEDY}")
    if facts.get("schema") != SCHEMA:
        raise DataError(
            f"'{name}' must have schema {SCHEMA}, got {facts.get('schema')!r}; {REMEDY}, or update "
            "ctiqa"
        )
    list_problems(name, [problem for rule in _RULES if (problem := _problem(facts, *rule))])
    low, high = facts["map"]["covered"]
    return Calibration(
        name=facts["name"],
        model=facts["model"]["name"],
        model_sha256=facts["model"]["sha256"],
        cases=facts["cases"],
        readers=facts["readers"],
        curve=Curve(tuple(facts["map"]["open_scores"]), tuple(facts["map"]["scores"])),
        covered=(float(low), float(high)),
        half_width=float(facts["interval"]["half_width"]),
        facts=facts,
        content=content,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _entry(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _is_map(value: Any) -> bool:
    open_scores, scores = (_entry(value, name) for name in ("open_scores", "scores"))
    return _is_numbers(open_scores) and _is_numbers(scores) and is_curve(open_scores, scores)


def _is_covered(value: Any) -> bool:
    covered = _entry(value, "covered")
    return _is_numbers(covered) and len(covered) == 2 and covered[0] <= covered[1]


def _is_model(value: Any) -> bool:
    return all(_is_text(_entry(value, name)) for name in ("name", "sha256"))


def _is_interval(value: Any) -> bool:
    half = _entry(value, "half_width")
    return _is_number(half) and bool(half >= 0)


_RULES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("name", _is_text, "a text"),
    ("model", _is_model, "an object with 'name' and 'sha256'"),
    ("cases", _is_count, ">= 1"),
    ("readers", _is_count, ">= 1"),
    ("map", _is_map, "an object with knots 'open_scores' and 'scores' that strictly increase"),
    ("map", _is_covered, "an object with 'covered', [low, high]"),
    ("interval", _is_interval, "an object with 'half_width' >= 0"),
)
"""Rules of the entries that are applied: name, test, test in words."""

_SHOWN = 60
"""Characters of a bad value shown in the message."""


def _problem(
    facts: Mapping[str, Any], name: str, kept: Callable[[Any], bool], words: str
) -> str | None:
    if kept(facts.get(name)):
        return None
    return f"'{name}' must be {words}, got {repr(facts.get(name))[:_SHOWN]}; {REMEDY}"
