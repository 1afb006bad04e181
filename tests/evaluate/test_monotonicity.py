"""Whether labels fall with the dose."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ctiqa.evaluate.monotonicity import monotonicity_along


def ladder(*labels: float, shard: str = "s", views: int = 960) -> list[dict[str, Any]]:
    doses = (1.0, 0.5, 0.25, 0.1)
    return [
        {"shard": shard, "dose": dose, "views": views, "label": label}
        for dose, label in zip(doses, labels, strict=False)
    ]


@pytest.mark.parametrize(
    ("labels", "strict", "weak", "risen"),
    [
        ((4.0, 3.0, 2.0, 1.0), 1.0, 1.0, 0),
        ((4.0, 4.0, 2.0, 1.0), 0.0, 1.0, 0),
        ((4.0, 3.0, 3.04, 1.0), 0.0, 0.0, 0),
        ((4.0, 3.0, 3.5, 1.0), 0.0, 0.0, 1),
    ],
)
def test_dose_order(labels: tuple[float, ...], strict: float, weak: float, risen: int) -> None:
    found = monotonicity_along(pl.DataFrame(ladder(*labels)), "dose", "ladder")
    assert found is not None
    assert (found.slices, found.strict, found.weak, found.risen) == (1, strict, weak, risen)


def test_only_images_that_differ_in_dose_alone_are_compared() -> None:
    mixed = pl.DataFrame(ladder(2.0) + ladder(9.0, 3.0, views=60)[1:])
    assert monotonicity_along(mixed, "dose", "mixed") is None


def test_offenders_come_worst_first_with_their_doses() -> None:
    table = pl.DataFrame(
        ladder(2, 2.1, 1, shard="a") + ladder(2, 1, 1.5, shard="b") + ladder(2, 1, shard="c")
    )
    found = monotonicity_along(table, "dose", "ladder")
    assert found is not None
    first, second = found.violations
    assert (first.name, first.above, first.below) == ("b", 0.5, 0.25)
    assert first.rise == pytest.approx(0.5)
    assert second.name == "a"
    assert found.weak == pytest.approx(1 / 3)
