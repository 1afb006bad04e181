"""The parts of one survey: which batches are done, and their results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ctiqa.cluster.parts.part import NAME, SUFFIX, DamagedPartError, pack, unpack
from ctiqa.cluster.parts.place import Place, open_place
from ctiqa.cluster.parts.survey_file import FILE, read_survey_file, settle
from ctiqa.errors import NothingToDoError
from ctiqa.store.bundle import Bundle
from ctiqa.store.privacy import Privacy

ASIDE = ".damaged"
"""Suffix of parts that cannot be read; they are done again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one survey.

    Attributes:
        place: Where they are.
        survey: Name of the survey.
        privacy: What they keep of UIDs, days and names of files.
    """

    place: Place
    survey: str
    privacy: Privacy = field(repr=False)

    def written(self) -> list[str]:
        """Keys of all batches that are done, in the order in which they were written."""
        found = [
            (file.written, match[1])
            for name, file in self.place.files().items()
            if (match := NAME.fullmatch(name)) and file.size
        ]
        return [key for _, key in sorted(found)]

    def has(self, key: str) -> bool:
        """Whether a batch is done."""
        return self.place.has(key + SUFFIX)

    def write(self, key: str, bundles: Iterable[Bundle]) -> None:
        """Write the results of a batch."""
        self.place.write(key + SUFFIX, pack(self.survey, key, bundles))

    def read(self, key: str) -> list[Bundle]:
        """The results of a batch. A part that is damaged is set aside, so it is done again.

        Raises:
            FileNotFoundError: If it is gone.
            DamagedPartError: If it is damaged.
        """
        try:
            return unpack(self.place.read(key + SUFFIX), self.survey, key)
        except DamagedPartError:
            self.place.rename(key + SUFFIX, key + SUFFIX + ASIDE)
            raise

    def remove(self, key: str) -> None:
        """Remove a part whose results are stored elsewhere."""
        self.place.remove(key + SUFFIX)


def make_parts(address: str, how: str, choice: str, privacy: Privacy | None) -> Parts:
    """Open the parts of a survey, or begin new ones.

    Args:
        address: Folder or URL.
        how: Digests of the model and the options.
        choice: Digest of the choice of series.
        privacy: As in :func:`ctiqa.cluster.parts.survey_file.settle`.

    Raises:
        UsageError: If the parts are those of another survey, or the address is not one.
        DataError: If they are damaged.
        OutputError: If the place cannot be written.
    """
    place = open_place(address)
    place.prepare()
    found = settle(place, how, choice, privacy)
    return Parts(place, found.survey, found.privacy)


def open_parts(address: str) -> Parts:
    """Open parts that are there.

    Raises:
        NothingToDoError: If there are none.
        UsageError: If the address is not one.
        DataError: If they are damaged.
        OutputError: If the place cannot be read.
    """
    place = open_place(address)
    found = read_survey_file(place)
    if found is None:
        raise NothingToDoError(f"'{place.name}' holds no parts of a survey (no {FILE})")
    return Parts(place, found.survey, found.privacy)
