"""Recipes as earlier versions stored them: in checkpoints and results of studies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ctiqa.recipe.data import SOURCES
from ctiqa.recipe.network import NETWORK_KINDS
from ctiqa.recipe.old_names import TRAININGS, modern
from ctiqa.recipe.training import FineTuneRecipe, TrainRecipe


def completed(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A stored recipe under its present names, with keys added since at their defaults.

    Args:
        stored: Values of :meth:`ctiqa.recipe.Recipe.as_dict`, all or some of them.
        wanted: The values that it is compared with; keys that these lack are not added.

    >>> made = completed({"student": {"steps": 3}}, {"student": {"steps": 9, "open_scale": True}})
    >>> made["student"]
    {'steps': 3, 'open_scale': False}
    """
    made, _ = modern(stored)
    for table, defaults in _defaults(made).items():
        mine, theirs = made.get(table), wanted.get(table)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            added = {key: value for key, value in defaults.items() if key in theirs}
            made[table] = {**added, **mine}
    # In JSON, with which it is compared, tuples are lists.
    return dict(json.loads(json.dumps(made)))


def _defaults(made: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    trainings = {name: FineTuneRecipe if name == "fine_tune" else TrainRecipe for name in TRAININGS}
    kinds: dict[str, Any] = {
        **trainings,
        "data": SOURCES.get(_value(made, "data", "source")),
        "network": NETWORK_KINDS.get(_value(made, "network", "kind")),
    }
    return {table: asdict(kind()) for table, kind in kinds.items() if kind is not None}


def _value(made: Mapping[str, Any], table: str, key: str) -> str:
    values = made.get(table)
    return str(values.get(key, "")) if isinstance(values, Mapping) else ""
