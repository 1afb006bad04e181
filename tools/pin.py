"""Print ``constraints.txt``: the installed versions of all direct and indirect dependencies.

Run it in a working environment with ``.[dev]`` installed::

    python tools/pin.py > constraints.txt
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = "ctiqa"
EXTRAS = ("dev", "train", "parquet")

HEADER = """\
# The versions that ctiqa is developed and tested with. Made by tools/pin.py; use with
#     pip install --constraint constraints.txt .
"""


def needed(name: str, extras: frozenset[str]) -> list[Requirement]:
    """Requirements of an installed package on this system."""
    found = [Requirement(line) for line in distribution(name).requires or ()]
    return [each for each in found if _applies(each, extras)]


def closure(name: str, extras: frozenset[str]) -> dict[str, str]:
    """Versions of all dependencies of a package, by name, without the package itself."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(name, extras)]
    while todo:
        task = todo.pop()
        if task in seen:
            continue
        seen.add(task)
        for requirement in needed(*task):
            key = canonicalize_name(requirement.name)
            try:
                # Local labels such as +cu130 name a build that other systems do not have.
                versions[key] = distribution(key).version.partition("+")[0]
            except PackageNotFoundError:
                sys.stderr.write(f"not installed, left out: {requirement}\n")
                continue
            todo.append((key, frozenset(requirement.extras)))
    versions.pop(canonicalize_name(name), None)
    return versions


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in extras or {""})


def main() -> None:
    """Print the pins, sorted by name."""
    pins = closure(ROOT, frozenset(EXTRAS))
    sys.stdout.write(HEADER)
    sys.stdout.writelines(f"{name}=={pins[name]}\n" for name in sorted(pins))


if __name__ == "__main__":
    main()
