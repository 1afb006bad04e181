"""Recipe names of an earlier version: accepted for one more version, with a warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TABLES = {"polish": "fine_tune"}
"""Old and new names of tables."""

_START_KEYS = {"start": "fine_tune_from", "start_share": "interpolation"}
"""Old and new names of top-level keys that are now keys of ``[fine_tune]``."""

TRAINING_KEYS = {"average": "ema_decay"}
NETWORK_KEYS = {"body": "backbone"}
_KINDS = {"body": "backbone"}
"""Old and new values of ``network.kind``."""

TRAININGS = ("pretrain", "teacher", "student", "fine_tune")

_Values = dict[str, Any]


class OldNameWarning(FutureWarning):
    """A recipe file uses a name that the next version will not accept."""


def modern(values: Mapping[str, Any]) -> tuple[_Values, list[str]]:
    """Replace names of an earlier version in the plain values of a recipe.

    Args:
        values: Values from a file or a checkpoint.

    Returns:
        Values under their present names, and a message for every replaced name. If both names are
        present, the old one stays, to be refused as an unknown key.

    >>> modern({"name": "a", "student": {"average": 0.9}})
    ({'name': 'a', 'student': {'ema_decay': 0.9}}, ["'student.average' is now 'student.ema_decay'"])
    """
    notes: list[str] = []
    made = _renamed(_renamed(values, _TABLES, "", notes), _START_KEYS, "", [])
    for table, names in (*((each, TRAINING_KEYS) for each in TRAININGS), ("network", NETWORK_KEYS)):
        if isinstance(made.get(table), Mapping):
            made[table] = _renamed(made[table], names, f"{table}.", notes)
    notes += _kind_renamed(made.get("network"))
    notes += _start_moved(made)
    return made, notes


def _renamed(
    values: Mapping[str, Any], names: Mapping[str, str], prefix: str, notes: list[str]
) -> _Values:
    made: _Values = {}
    for name, value in values.items():
        new = names.get(name, name)
        if new != name and new not in values:
            notes.append(f"'{prefix}{name}' is now '{prefix}{new}'")
            made[new] = value
        else:
            made[name] = value
    return made


def _kind_renamed(network: Any) -> Iterator[str]:
    """Rename the kind of a network in place; the table is a copy already."""
    kind = network.get("kind") if isinstance(network, dict) else None
    if isinstance(kind, str) and kind in _KINDS:
        network["kind"] = _KINDS[kind]
        yield f"network.kind '{kind}' is now '{_KINDS[kind]}'"


def _start_moved(made: _Values) -> Iterator[str]:
    """Turn a ``[student]`` that started from another run into ``[fine_tune]``.

    Keys that cannot be converted stay, to be refused.
    """
    for name in _START_KEYS.values():
        if made.get(name) in ("", 0):
            del made[name]
    student = made.get("student", {})
    if made.get("fine_tune_from") and made.get("fine_tune") is None and isinstance(student, dict):
        made.pop("student", None)
        made["fine_tune"] = {**student, "from_run": made.pop("fine_tune_from")}
        if "interpolation" in made:
            made["fine_tune"]["interpolation"] = made.pop("interpolation")
        yield (
            "'fine_tune_from', 'interpolation' and [student] are now [fine_tune] with 'from_run' "
            "and 'interpolation'"
        )
