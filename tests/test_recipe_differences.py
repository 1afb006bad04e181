"""The tables in docs/systems.md are those of the recipes as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.recipe_differences import PAGE, SYSTEMS, page_with_tables, tables_of

from ctiqa.recipe import CHOICES, DEFECTS, read_values


def test_the_page_is_up_to_date() -> None:
    """Otherwise: python -m tools.recipe_differences."""
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_tables(text) == text
    assert all(
        f"<!-- {system}: python -m tools.recipe_differences -->" in text for system in SYSTEMS
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_key_of_both_recipes_is_told(system: str) -> None:
    text = tables_of(system)
    values = read_values(Path(__file__).parents[1] / "recipes" / f"{system}.toml")
    told = ("precision", "schedule", "last_batch", "augment", "clip", "validate_on")
    for table in ("pretrain", "teacher", "student"):
        assert all((f"`{table}.{key}`" in text) is (table in values) for key in told)
    for thing in (*DEFECTS, *CHOICES):
        keys = [key for key in thing.keys if key.split(".")[0] in values]
        if thing.system == system:
            assert all(f"`{key}`" in text for key in keys)
            assert (f"**defect**: {thing.what}" in text) is (thing in DEFECTS)
