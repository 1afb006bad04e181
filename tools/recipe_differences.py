"""Differences between ``as-published`` and ``corrected``, key by key, for docs/systems.md.

    python -m tools.recipe_differences            writes the tables into the page
    python -m tools.recipe_differences --check    reports whether the page is out of date

Every value in the tables comes from the recipes, read as ``ctiqa`` reads them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.blocks import with_block, write_or_check

from ctiqa.recipe import (
    Defect,
    PublishedThing,
    differing_keys,
    flat,
    published_by,
    read_values,
    recipe_from,
)

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "systems.md"
SYSTEMS = ("distiliqa", "shen2025", "tfkt")

TRAININGS = ("pretrain", "teacher", "student")
"""Tables of a recipe that are trainings."""

LEFT_OUT = ("name", "system", "mode", "fine_tune")
"""Keys that do not describe a published system."""

Values = Mapping[str, Any]


def tables_of(system: str) -> str:
    """Two tables of a system as Markdown: keys that differ between the modes, and all others."""
    values = read_values(ROOT / "recipes" / f"{system}.toml")
    corrected, published = (
        described(recipe_from({**values, "mode": mode}).as_dict(), values)
        for mode in ("corrected", "as-published")
    )
    differing = differing_keys(corrected, published)
    same = {key: value for key, value in published.items() if key not in differing}
    lines = [
        "| key | as published | corrected | |",
        "|---|---|---|---|",
        *(_line(key, published, corrected, published_by(system)) for key in differing),
        "",
        "<details><summary>The same in both modes, defaults included</summary>",
        "",
        "| key | |",
        "|---|---|",
        *_same(same),
        "",
        "</details>",
    ]
    return "\n".join(lines)


def described(recipe: Values, values: Values) -> dict[str, Any]:
    """Dotted keys of a recipe, without trainings that it does not have.

    >>> described({"name": "a", "members": 5, "data": {"seed": 1}, "pretrain": None}, {})
    {'members': 5, 'data.seed': 1}
    """
    idle = [key for key in TRAININGS if key not in values or recipe.get(key) is None]
    return flat({key: value for key, value in recipe.items() if key not in (*LEFT_OUT, *idle)})


def _line(
    key: str, published: Values, corrected: Values, things: tuple[PublishedThing, ...]
) -> str:
    (why,) = [thing for thing in things if key in thing.keys]
    kind = "**defect**: " if isinstance(why, Defect) else ""
    return f"| `{key}` | {shown(published[key])} | {shown(corrected[key])} | {kind}{why.what} |"


def _same(values: Values) -> Iterator[str]:
    """One line per key; trainings with the same value share a line."""
    done: set[str] = set()
    for key, value in values.items():
        table, _, name = key.partition(".")
        if key in done:
            continue
        alike = [key]
        if table in TRAININGS:
            others = (f"{other}.{name}" for other in TRAININGS)
            alike = [each for each in others if each in values and values[each] == value]
        done.update(alike)
        yield f"| {', '.join(f'`{each}`' for each in alike)} | {shown(value)} |"


def shown(value: object) -> str:
    """A value as a recipe writes it.

    >>> shown(("flip", "rotate")), shown(""), shown(True), shown(1e-06)
    ('flip, rotate', '–', 'true', '1e-06')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "–"


def page_with_tables(text: str) -> str:
    """The page with the tables of every system between their markers."""
    for system in SYSTEMS:
        begin, end = f"<!-- {system}: python -m tools.recipe_differences -->", f"<!-- /{system} -->"
        text = with_block(text, begin, end, tables_of(system))
    return text


def main() -> int:
    """Write the tables, or check them."""
    return write_or_check([PAGE], page_with_tables, __doc__)


if __name__ == "__main__":
    sys.exit(main())
