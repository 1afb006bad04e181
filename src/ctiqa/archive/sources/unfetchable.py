"""A part of a source that was listed but cannot be fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctiqa.archive.unit import Entry
from ctiqa.errors import Reason, RefusedError


@dataclass(frozen=True, slots=True)
class UnfetchableUnit:
    """What is wrong was found while listing; the rest of the source goes on.

    Attributes:
        name: What it is called in messages.
        problem: Why it cannot be fetched.
    """

    name: str
    problem: str

    @property
    def entries(self) -> tuple[Entry, ...]:
        """One entry without a stamp, so that the next survey tries again."""
        return (Entry(self.name, ""),)

    def fetch(self, folder: Path) -> Mapping[str, Path]:  # noqa: ARG002 - nothing is downloaded
        """Nothing can be fetched.

        Raises:
            RefusedError: With ``NOT_FETCHED``, always.

        >>> UnfetchableUnit("s3://bucket/ct", "no permission").fetch(Path())
        Traceback (most recent call last):
        ...
        ctiqa.errors.RefusedError: no permission
        """
        raise RefusedError(Reason.NOT_FETCHED, self.problem)
