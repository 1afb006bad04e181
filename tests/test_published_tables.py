"""The published tables in docs/systems.md are the package's, and their commands can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from tools.published_tables import BEGIN, PAGE, TABLES, Table, command, page_with_tables

from ctiqa.evaluate.ablation.published import published
from ctiqa.evaluate.ablation.variants import variants_of
from ctiqa.recipe import read_values

ROOT = Path(__file__).parents[1]


def test_the_page_is_up_to_date() -> None:
    """Otherwise: python -m tools.published_tables."""
    text = PAGE.read_text(encoding="utf-8")
    assert BEGIN in text
    assert page_with_tables(text) == text


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_command_has_a_variant_for_every_row_of_an_ablation(table: Table) -> None:
    words = shlex.split(command(table))
    kind = words[2] if words[1] == "ablate" else "networks"
    recipe = next(word for word in words if word.endswith(".toml"))
    made = {variant.name for variant in variants_of(kind, read_values(ROOT / recipe))}
    rows = set(published(table.name))
    if table.name in {"blocks", "members", "beta", "networks"}:
        assert rows <= made
    else:
        # Rivals of TFKT have rows as well; they are not variants of it.
        assert {row for row in rows if "phase 1" in row} <= made
        assert rows & made
