"""Workers must run what this computer runs."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from typing import Any

from ctiqa.cluster.engines.libraries import Client
from ctiqa.errors import UsageError, bulleted

COMPARED = ("ctiqa", "distributed", "cloudpickle", "msgpack", "numpy")
"""Packages on which scheduler and workers must agree with this computer, where they have them."""


def check_versions(client: Client) -> None:
    """Check the versions of the scheduler and of the workers that are there.

    Raises:
        UsageError: If they differ; names every difference.
    """
    found = client.get_versions(check=False, packages=["ctiqa"])
    here = _versions(found["client"])
    places = {"the scheduler": found["scheduler"]}
    places |= {f"worker {name}": each for name, each in sorted(found["workers"].items())}
    problems = sorted(set(_differences(here, places)))
    if problems:
        head = (
            "scheduler and workers must have the same versions as this computer; install them with "
            "the same constraints.txt:"
        )
        raise UsageError(bulleted(head, problems))


def _differences(
    here: Mapping[str, str | None], places: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for place, found in places.items():
        there = _versions(found)
        needed = ("distributed", "python") if place == "the scheduler" else here
        for name in needed:
            if there.get(name) != here[name]:
                yield f"{place} has {name} {there.get(name) or '(none)'}, here is {here[name]}"


def _versions(found: Mapping[str, Any]) -> dict[str, str | None]:
    packages = dict(found["packages"])
    python = ".".join(str(packages.get("python") or platform.python_version()).split(".")[:2])
    return {name: packages.get(name) for name in COMPARED} | {"python": python}
