"""Model cards, read strictly before any work is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.errors import WeightsError
from ctiqa.hu import WINDOWS
from ctiqa.noise_scale import LOG_NOISE_PER_GRADE
from ctiqa.text.strict_json import StrictJsonError, parse_json

MOST_MEMBERS = 1000
"""Most ensemble outputs of a model."""

MOST_SIDE = 65_536
"""Largest matrix side of a model, in pixels."""


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """Width of the prediction interval of a slice (split-conformal, from validation patients).

    Half width = quantile·√(spread² + floor²), where spread is the standard deviation over the
    ensemble outputs.

    Attributes:
        level: Share of slices whose computed label is inside the interval, in (0, 1).
        quantile: Factor of the half width, >= 0.
        floor: Error scale in score points, added to the spread in quadrature, >= 0; the median
            error on validation patients, at least 0.02.
    """

    level: float
    quantile: float
    floor: float


@dataclass(frozen=True, slots=True)
class NoiseRule:
    """How far the equivalent noise may be off (split-conformal, from validation patients).

    The interval reaches from the estimate divided by a factor to the estimate multiplied by it. The
    logarithm of the factor is quantile·√(spread² + floor²), where spread is the standard deviation
    over the ensemble outputs, as a logarithm of noise.

    Attributes:
        level: Share of slices whose computed equivalent noise is inside the interval, in (0, 1).
        quantile: Factor of the half width, >= 0.
        floor: Relative error, added to the spread in quadrature, >= 0; the median on validation
            patients, at least 0.01.
    """

    level: float
    quantile: float
    floor: float

    def factor(self, spread: float = 0.0) -> float:
        """The factor of a slice.

        Args:
            spread: Standard deviation over the ensemble outputs in grades.

        >>> rule = NoiseRule(level=0.9, quantile=2.0, floor=0.1)
        >>> round(rule.factor(), 3), round(rule.factor(spread=0.5), 3)
        (1.221, 1.667)
        """
        return math.exp(self.quantile * math.hypot(spread * LOG_NOISE_PER_GRADE, self.floor))


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card of a model.

    Attributes:
        name: Name of the model.
        version: Version of its weights.
        members: Number of ensemble outputs, each an estimate of the score.
        matrix: Smallest and largest matrix side, in pixels.
        multiple: Number that sides must be multiples of; they are padded with air.
        selectable_windows: Names of the windows a user may choose from; empty if the windows are
            part of the model.
        interval: Width of the prediction interval.
        noise: Accuracy of the equivalent noise; ``None`` for older models.
        findings: Names of the findings it answers, in order; empty for older models.
        regions: Names of the regions it answers, in order; empty for older models.
        judged: Regions that it scores; it abstains from the others. All if it answers none.
        facts: The whole card as stored (licence, data, label, agreement, ...).
    """

    name: str
    version: str
    members: int
    matrix: tuple[int, int]
    multiple: int
    selectable_windows: tuple[str, ...]
    interval: IntervalRule
    noise: NoiseRule | None
    findings: tuple[str, ...]
    regions: tuple[str, ...]
    judged: tuple[str, ...]
    facts: Mapping[str, Any]


def parse_card(data: bytes, path: Path) -> ModelCard:
    """Parse the JSON of a card.

    Args:
        data: The card.
        path: Its file, for messages.

    Raises:
        WeightsError: If it is not JSON, or entries are missing or break their rules; all are
            named.
    """
    facts = parse_object(data, path)
    if problems := [text for rule in _RULES if (text := _problem(facts, *rule))]:
        raise WeightsError(f"model card {path.name}: {'; '.join(problems)}")
    return _card_from(facts)


def parse_object(data: bytes, path: Path) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        WeightsError: If it is anything else.
    """
    try:
        content = parse_json(data)
    except StrictJsonError as error:
        raise WeightsError(f"{path.name} is not valid JSON: {error}") from None
    if not isinstance(content, dict):
        raise WeightsError(f"{path.name} must hold a JSON object, got {type(content).__name__}")
    return content


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any, least: int = 0, most: float = 2**64) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_rising(value: Any) -> bool:
    """Whether a value is a pair of smallest and largest side."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(_is_count(side, 1, MOST_SIDE) for side in value) and value[0] <= value[1]


def _is_known_windows(value: Any) -> bool:
    return _is_texts(value) and WINDOWS.keys() >= set(value)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(end) for end in value)


def _is_measure(value: Any) -> bool:
    """Whether a value is a metric, alone or with its interval."""
    if not isinstance(value, Mapping):
        return _is_number(value)
    interval = value.get("interval")
    return _is_number(value.get("value")) and (interval is None or _is_range(interval))


def _is_agreement(value: Any) -> bool:
    measures = ("overall", "plcc", "srocc", "krocc", "mae")
    return isinstance(value, Mapping) and all(
        _is_measure(value[name]) for name in measures if name in value
    )


def _is_sources(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


CardRule = tuple[str, bool, Callable[[Any], bool], str]

_RULES: tuple[CardRule, ...] = (
    ("name", True, _is_text, "a text"),
    ("version", True, lambda value: _is_text(value) or _is_number(value), "a text"),
    ("members", True, lambda value: _is_count(value, 1, MOST_MEMBERS), f"1…{MOST_MEMBERS}"),
    ("input", True, lambda value: isinstance(value, Mapping), "an object"),
    ("input.matrix", True, _is_rising, f"[smallest, largest] side, rising, 1…{MOST_SIDE}"),
    ("input.multiple", False, lambda value: _is_count(value, 1, 1024), "1…1024"),
    ("input.selectable_windows", False, _is_known_windows, "names of known windows"),
    ("input.windows", False, _is_texts, "a list of texts"),
    ("interval", True, lambda value: isinstance(value, Mapping), "an object"),
    ("interval.level", True, lambda value: _is_number(value) and 0 < value < 1, "in (0, 1)"),
    ("interval.quantile", True, lambda value: _is_number(value) and value >= 0, ">= 0"),
    ("interval.floor", True, lambda value: _is_number(value) and value >= 0, ">= 0"),
    ("noise_interval", False, lambda value: isinstance(value, Mapping), "an object"),
    ("noise_interval.level", True, lambda value: _is_number(value) and 0 < value < 1, "in (0, 1)"),
    ("noise_interval.quantile", True, lambda value: _is_number(value) and value >= 0, ">= 0"),
    ("noise_interval.floor", True, lambda value: _is_number(value) and value >= 0, ">= 0"),
    ("answers", False, lambda value: isinstance(value, Mapping), "an object"),
    ("answers.findings", False, _is_texts, "a list of texts"),
    ("answers.regions", False, _is_texts, "a list of texts"),
    ("answers.judged", False, _is_texts, "a list of texts"),
    ("output", False, lambda value: isinstance(value, Mapping), "an object"),
    ("output.range", False, _is_range, "[low, high]"),
    ("data", False, _is_sources, "a list of objects"),
    ("not_trained_on", False, _is_texts, "a list of texts"),
    ("agreement", False, _is_agreement, "metrics, each a number or with 'value' and 'interval'"),
)
"""Rules of a card: entry, whether it is required, test, test in words.

Other entries of a card are passed on to reports unchanged.
"""

_SHOWN = 60
"""Characters of a bad value shown in the message."""


def _problem(
    facts: Mapping[str, Any], place: str, needed: bool, kept: Callable[[Any], bool], words: str
) -> str | None:
    """The problem with one entry; ``None`` if it keeps its rule, or its table is reported."""
    *tables, name = place.split(".")
    table: Any = facts.get(tables[0]) if tables else facts
    if not isinstance(table, Mapping):
        return None
    if name not in table:
        return f"entry '{place}' is missing" if needed else None
    value = table[name]
    return None if kept(value) else f"'{place}' must be {words}, got {repr(value)[:_SHOWN]}"


def _card_from(facts: Mapping[str, Any]) -> ModelCard:
    low, high = facts["input"]["matrix"]
    rule = facts["interval"]
    answers = facts.get("answers", {})
    return ModelCard(
        name=facts["name"],
        version=str(facts["version"]),
        members=facts["members"],
        matrix=(low, high),
        multiple=facts["input"].get("multiple", 1),
        selectable_windows=tuple(facts["input"].get("selectable_windows", ())),
        interval=IntervalRule(float(rule["level"]), float(rule["quantile"]), float(rule["floor"])),
        noise=_noise_rule(facts.get("noise_interval")),
        findings=tuple(answers.get("findings", ())),
        regions=tuple(answers.get("regions", ())),
        judged=tuple(answers.get("judged", ())),
        facts=facts,
    )


def _noise_rule(entry: Mapping[str, Any] | None) -> NoiseRule | None:
    if entry is None:
        return None
    return NoiseRule(float(entry["level"]), float(entry["quantile"]), float(entry["floor"]))
