"""Which series of an archive are scored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ctiqa.errors import UsageError
from ctiqa.store.rows import first_day, header_facts
from ctiqa.store.where import Condition, parse_condition
from ctiqa.types import SliceHeader

HEADER_KEYS = (
    "station",
    "manufacturer",
    "model",
    "protocol",
    "description",
    "kernel",
    "body_part",
    "slice_thickness_mm",
    "kvp",
    "tube_current_ma",
    "ctdivol_mgy",
    "ctdi_phantom_cm",
    "study_day",
)
"""Facts that are known before a series is scored."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which series are scored; all by default.

    Attributes:
        since: First day of study; a series without a day is left out.
        until: Last day of study.
        where: Conditions that all must hold.
        sample: Number of series per protocol; ``None`` takes all.
    """

    since: date | None = None
    until: date | None = None
    where: tuple[Condition, ...] = ()
    sample: int | None = None

    @classmethod
    def parse(
        cls,
        *,
        since: str | None = None,
        until: str | None = None,
        where: Sequence[str] = (),
        sample: int | None = None,
    ) -> Choice:
        """A choice as it is typed.

        Raises:
            UsageError: If a day is not written as YYYY-MM-DD, the days are in the wrong order, a
                condition is not one on a fact of the headers, or ``sample`` is less than 1.

        >>> Choice.parse(since="2026-03-01", where=["kvp<=100"]).since
        datetime.date(2026, 3, 1)
        """
        first, last = day_of("since", since), day_of("until", until)
        if first and last and last < first:
            raise UsageError(f"'until' must not be before 'since' ({first}), got {last}")
        if sample is not None and sample < 1:
            raise UsageError(f"'sample' must be at least 1 series per protocol, got {sample}")
        return cls(first, last, tuple(_known_before(each) for each in where), sample)

    @property
    def digest(self) -> str:
        """A name for the choice: what another one leaves out is looked at again."""
        parts = [str(self.since), str(self.until), str(self.sample), *map(str, self.where)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def takes(self, headers: Sequence[SliceHeader]) -> bool:
        """Whether a series is scored, apart from sampling."""
        return self._takes_day(first_day(headers)) and self._takes_facts(headers)

    def _takes_day(self, day: date | None) -> bool:
        if self.since is None and self.until is None:
            return True
        return day is not None and (self.since or day) <= day <= (self.until or day)

    def _takes_facts(self, headers: Sequence[SliceHeader]) -> bool:
        if not self.where:
            return True
        facts: dict[str, Any] = {**header_facts(headers), "study_day": first_day(headers)}
        return all(condition.holds(facts) for condition in self.where)


def day_of(name: str, text: str | None) -> date | None:
    """A day as it is typed.

    Raises:
        UsageError: If it is not written as YYYY-MM-DD.

    >>> day_of("since", "2026-11-26")
    datetime.date(2026, 11, 26)
    """
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name!r} must be a day such as 2026-11-26, got {text!r}") from None


def _known_before(text: str) -> Condition:
    condition = parse_condition(text)
    if condition.key not in HEADER_KEYS:
        raise UsageError(
            f"'where' must be about what headers say, got {condition.key!r}, which is known only "
            f"after scoring; use one of {', '.join(HEADER_KEYS)}, or filter the results"
        )
    return condition
