"""docs/trends.md has the table of the simulation, and what it claims holds in it."""

from __future__ import annotations

import re

from tools.simulate_trends import BEGIN, END, HEAD, PAGE, SCENARIOS


def test_the_table_is_that_of_the_program() -> None:
    """Otherwise: python -m tools.simulate_trends."""
    block = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    head, _, *lines = block.strip().splitlines()
    rows = [re.split(r" *\| *", line.strip("| ")) for line in lines]
    assert tuple(re.split(r" *\| *", head.strip("| "))) == HEAD
    assert [(row[0], row[1], row[2], row[3]) for row in rows] == [
        (
            str(each.family),
            str(each.per_week),
            f"{100 * each.between:.0f} %",
            f"{100 * each.outliers:.0f} %",
        )
        for each in SCENARIOS
    ]
    assert all(float(row[4].split()[0]) <= 1 for row in rows)
    assert all(float(row[5].split()[0]) >= 98 for row in rows if int(row[1]) >= 10)
