"""Monotonicity: does the score of a slice fall with dose or views if nothing else differs?"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ctiqa.evaluate.manifest_table import numbers, share

MOST_RISE = 0.05
"""Largest rise, in grades, that is tolerated when only the dose falls."""

SETTINGS = (
    *("dose", "views", "electronic", "kernel_half_per_mm", "kernel_boost", "blur_mm", "denoise"),
    *("body_only", "artefact", "strength", "filter", "filter_strength", "filter_share"),
)
"""Settings of an image: all but one must agree to compare two images in that one."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A slice whose score rises, in grades, as dose or views fall from ``above`` to ``below``."""

    name: str
    above: float
    below: float
    rise: float


@dataclass(frozen=True, slots=True)
class Monotonicity:
    """How a score follows dose or views if nothing else differs.

    Attributes:
        name: Images and score that are compared.
        slices: Number of slices with at least two doses or view counts.
        strict: Share of slices whose score falls at every step.
        weak: Share of slices whose score never rises.
        violations: Slices whose score rises, with their largest rise, worst first.
    """

    name: str
    slices: int
    strict: float
    weak: float
    violations: tuple[Violation, ...]

    @property
    def risen(self) -> int:
        """Number of slices whose score rises by more than :data:`MOST_RISE`."""
        return sum(each.rise > MOST_RISE for each in self.violations)

    @property
    def greatest(self) -> float:
        """Largest rise in grades; 0 if the score never rises."""
        return self.violations[0].rise if self.violations else 0.0


def monotonicity_along(
    table: pl.DataFrame, along: str, name: str, label: str = "label"
) -> Monotonicity | None:
    """Monotonicity of a score with the dose or the views of a slice, all else equal.

    Images of one slice with the same settings count as one, with their mean score.

    Args:
        table: Rows of a manifest.
        along: ``dose`` or ``views``.
        name: Name of the result.
        label: Column of the score or label, in grades.

    Returns:
        The monotonicity; ``None`` if no slice has two doses or view counts.
    """
    if along not in table.columns:
        return None
    fixed = ["shard", *(column for column in SETTINGS if column in table.columns)]
    fixed.remove(along)
    steps = (
        table.drop_nulls([along, label])
        .group_by(*fixed, along)
        .agg(pl.col(label).mean())
        .sort(along, descending=True)
        .with_columns(
            rise=pl.col(label).diff().over(fixed), above=pl.col(along).shift().over(fixed)
        )
        .drop_nulls("rise")
        .sort("rise", "shard", descending=[True, False])
        .unique("shard", keep="first", maintain_order=True)
    )
    rises = numbers(steps["rise"])
    wrong = steps.filter(pl.col("rise") > 0).select("shard", "above", along, "rise").rows()
    violations = tuple(Violation(*row) for row in wrong)
    if not len(rises):
        return None
    return Monotonicity(name, len(rises), share(rises < 0), share(rises <= 0), violations)
