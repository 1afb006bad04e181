"""Which scans of a store are looked at: by model, day and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ctiqa.errors import UsageError, some
from ctiqa.store.where import Condition
from ctiqa.text.plain_text import clean

if TYPE_CHECKING:
    import polars

LEAST_DIGITS = 6
"""Digits of a digest that name a model."""


@dataclass(frozen=True, slots=True)
class ScanChoice:
    """Which scans are looked at; all by default.

    Attributes:
        since: First day of a study; scans without a day are left out.
        until: Last day of a study.
        where: Conditions that all must hold.
        model: Name of the model, or the beginning of its digest; ``None`` takes all.
    """

    since: date | None = None
    until: date | None = None
    where: tuple[Condition, ...] = ()
    model: str | None = None

    def of(self, scans: polars.DataFrame) -> polars.DataFrame:
        """The scans that are chosen.

        Args:
            scans: A frame of ``Store.scans()``.

        Raises:
            UsageError: If the days are in the wrong order, or no scan was scored by the model.
        """
        if self.since and self.until and self.until < self.since:
            raise UsageError(
                f"'until' must not be before 'since' ({self.since}), got {self.until}; swap them"
            )
        if self.model is not None:
            scans = _of_model(scans, self.model)
        return scans.filter(*_days(self), *(each.expression() for each in self.where))


def check_baseline(scans: polars.DataFrame, first: date, last: date) -> None:
    """Check that a baseline is a time in which there are scans.

    Raises:
        UsageError: If its days are in the wrong order, or there are no scans.
    """
    if last < first:
        raise UsageError(
            f"'baseline' must be FIRST:LAST, got the last day {last} before the first, {first}; "
            "swap them"
        )
    days = scans["study_day"].drop_nulls().sort().to_list()
    if any(first <= day <= last for day in days):
        return
    known = f"there are scans from {days[0]} to {days[-1]}" if days else "no scan has one"
    raise UsageError(f"'baseline' must be days with scans, got {first} to {last}; {known}")


def _days(choice: ScanChoice) -> list[polars.Expr]:
    """Rows of the days that are chosen; a day that is unknown is not one of them."""
    import polars as pl  # noqa: PLC0415 - optional

    day = pl.col("study_day")
    since = [] if choice.since is None else [day >= choice.since]
    return since if choice.until is None else [*since, day <= choice.until]


def _of_model(scans: polars.DataFrame, model: str) -> polars.DataFrame:
    """The scans of one model, by its name, name and version, or the beginning of its digest."""
    import polars as pl  # noqa: PLC0415 - optional

    title = pl.col("scored_by")
    named = (title == model) | title.str.starts_with(f"{model} ")
    if len(model) >= LEAST_DIGITS:
        named |= pl.col("model_digest").str.starts_with(model.lower())
    found = scans.filter(named.fill_null(value=False))
    if found.is_empty() and scans.height:
        raise UsageError(
            f"'model' must have scored scans of the store, got '{clean(model, 60)}'; "
            f"known are {some(_models(scans))}"
        )
    return found


def _models(scans: polars.DataFrame) -> Sequence[str]:
    pairs = scans.select("scored_by", "model_digest").unique().sort("scored_by", "model_digest")
    return [f"{clean(title)} ({digest[:12]})" for title, digest in pairs.iter_rows()]
