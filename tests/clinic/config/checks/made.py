"""Configurations of the tests, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.reading import config_from

Found = dict[str, tuple[str, str]]


def config(folder: Path, **values: Any) -> Config:
    """A configuration that writes into a folder alone."""
    places: dict[str, Any] = {
        "store": {"address": str(folder / "ct.sqlite")},
        "spool": {"folder": str(folder / "spool"), "keep_gigabytes": 0.001, "reserve_gigabytes": 0},
        "web": {"secret_file": str(folder / "web.key"), "port": 0},
        "listen": {"port": 0},
    }
    for name, inner in values.items():
        places[name] = {**places.get(name, {}), **inner} if isinstance(inner, dict) else inner
    return config_from(places)


def found(checks: Iterable[Check]) -> Found:
    """State and sentence by place; the last of several."""
    return {each.what: (each.state, each.sentence) for each in checks}
