"""Whether scores fall as dose or views fall, slice by slice, where nothing else differs."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ctiqa.evaluate.manifest_table import numbers, share

MOST_RISE = 0.05
"""Rise of the label, in grades, that counts as level when nothing but the dose falls."""

SETTINGS = (
    *("dose", "views", "electronic", "kernel_half_per_mm", "kernel_boost", "blur_mm", "denoise"),
    "body_only",
)
"""Columns that must agree, but for one, before two images of a slice differ in that one alone."""


@dataclass(frozen=True, slots=True)
class Offender:
    """A slice whose score rises, in grades, as dose or views fall from ``above`` to ``below``."""

    name: str
    above: float
    below: float
    rise: float


@dataclass(frozen=True, slots=True)
class Order:
    """How a score follows dose or views where nothing else differs.

    Attributes:
        name: Which images, and which score.
        slices: Slices with at least two doses, or view counts.
        strict: Share of them whose score falls with every step.
        weak: Share whose score never rises.
        offenders: The others, with their greatest rise, worst first.
    """

    name: str
    slices: int
    strict: float
    weak: float
    offenders: tuple[Offender, ...]

    @property
    def risen(self) -> int:
        """Slices whose score rises by more than :data:`MOST_RISE`."""
        return sum(each.rise > MOST_RISE for each in self.offenders)

    @property
    def greatest(self) -> float:
        """Greatest rise, in grades; 0 where the score never rises."""
        return self.offenders[0].rise if self.offenders else 0.0


def order_along(table: pl.DataFrame, along: str, name: str, label: str = "label") -> Order | None:
    """Whether a score falls with the dose or the views of a slice, if nothing else is changed.

    Images of one slice and setting count as one, with their mean score.

    Args:
        table: Rows of a manifest.
        along: ``dose`` or ``views``.
        name: What to call them.
        label: Column to look at, in grades.

    Returns:
        The order; ``None`` where no slice has two doses, or view counts.
    """
    if along not in table.columns:
        return None
    alike = ["shard", *(column for column in SETTINGS if column in table.columns)]
    alike.remove(along)
    steps = (
        table.drop_nulls([along, label])
        .group_by(*alike, along)
        .agg(pl.col(label).mean())
        .sort(along, descending=True)
        .with_columns(
            rise=pl.col(label).diff().over(alike), above=pl.col(along).shift().over(alike)
        )
        .drop_nulls("rise")
        .sort("rise", "shard", descending=[True, False])
        .unique("shard", keep="first", maintain_order=True)
    )
    rises = numbers(steps["rise"])
    wrong = steps.filter(pl.col("rise") > 0).select("shard", "above", along, "rise").rows()
    offenders = tuple(Offender(*row) for row in wrong)
    if not len(rises):
        return None
    return Order(name, len(rises), share(rises < 0), share(rises <= 0), offenders)
