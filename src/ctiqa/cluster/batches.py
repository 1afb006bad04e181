"""Batches: a few units that are one task, the same whatever was done before."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ctiqa.archive.unit import Unit
from ctiqa.cluster.setup import Job

MOST_UNITS = 20
"""Units in a batch."""

MOST_FILES = 1000
"""Files in a batch of more than one unit."""

CUT = 6
"""On average, every sixth unit is the last of its batch."""

KEY_DIGITS = 32
"""Hexadecimal digits of a key: 128 bits."""

Place = tuple[str, Unit]
"""A unit, and where the survey began that has found it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Units that are scored by one task.

    Attributes:
        places: At least one unit.
    """

    places: tuple[Place, ...]

    def __repr__(self) -> str:
        """Without names of files, because logs quote it."""
        return f"<Batch of {len(self.places)}>"

    @property
    def files(self) -> int:
        """Number of files."""
        return sum(len(unit.entries) for _, unit in self.places)

    @property
    def singles(self) -> list[Batch]:
        """The same units, each as a batch."""
        return [Batch((each,)) for each in self.places]

    def key(self, job: Job) -> str:
        """Name of the batch: hash of the model, the options, the choice and its files.

        It is a keyed hash: whoever sees the name of a part cannot try names of files.
        """
        files = sorted(
            [root, [[entry.name, entry.stamp] for entry in unit.entries]]
            for root, unit in self.places
        )
        text = json.dumps([job.how, job.setup.choice.digest, files])
        secret = bytes.fromhex(job.privacy.secret)
        return hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()[
            :KEY_DIGITS
        ]


def batches_of(places: Iterable[Place]) -> Iterator[Batch]:
    """Group units that follow each other.

    Where a batch ends depends on the names of its files. A unit that is added or removed changes
    only the batch around it, so all others keep their keys, and are not done again.

    >>> from ctiqa.archive.unit import Entry, LocalUnit
    >>> units = [LocalUnit(f"scan{n}", (Entry(f"scan{n}/1.dcm", "1"),)) for n in range(50)]
    >>> batches = list(batches_of(("root", each) for each in units))
    >>> sum(len(each.places) for each in batches), max(len(each.places) for each in batches) <= 20
    (50, True)
    """
    pending: list[Place] = []
    files = 0
    for root, unit in places:
        if pending and files + len(unit.entries) > MOST_FILES:
            yield Batch(tuple(pending))
            pending, files = [], 0
        pending.append((root, unit))
        files += len(unit.entries)
        if len(pending) == MOST_UNITS or _is_last(root, unit):
            yield Batch(tuple(pending))
            pending, files = [], 0
    if pending:
        yield Batch(tuple(pending))


def _is_last(root: str, unit: Unit) -> bool:
    first = unit.entries[0].name if unit.entries else unit.name
    name = f"{root}\0{first}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(name).digest()[0] % CUT == 0
