"""docs/physics.md names every value, reason and check."""

from __future__ import annotations

import re

from tools.validate_physics import BEGIN, CHECKS, END, PAGE

from ctiqa.physics import Unmeasured
from ctiqa.physics.patient.measure import NAMES

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_value_and_reason_is_described() -> None:
    assert [name for name in NAMES if f"`{name}`" not in TEXT] == []
    assert [each.value for each in Unmeasured if f"`{each.value}`" not in TEXT] == []


def test_the_table_is_that_of_the_program_and_within_what_is_stated() -> None:
    """Otherwise: python -m tools.validate_physics."""
    block = TEXT.partition(BEGIN)[2].partition(END)[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in block.strip().splitlines()[2:]]
    assert [(row[0], row[1], row[5]) for row in rows] == [
        (each.quantity, each.truth, f"{each.tolerance:g} {each.unit}") for each in CHECKS
    ]
    assert all(float(row[4]) <= float(row[5].split()[0]) for row in rows)
