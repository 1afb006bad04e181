"""What the headers of a series say before it is scored: one patient, and which exposures.

Names and numbers of patients are compared and go nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from ctiqa.clinic.spool.spool import is_file_uid
from ctiqa.errors import RefusedError
from ctiqa.io.dicom.header import parse
from ctiqa.io.dicom.writing.content import further_elements
from ctiqa.io.silence import foreign
from ctiqa.sr.source import ONE_PATIENT, PADDING

EVENT = "IrradiationEventUID"

GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")

EVENT_OF_FRAME = "IrradiationEventIdentificationSequence"
"""Where the event is in images of many frames."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SeriesHeaders:
    """What the headers of a series say.

    Attributes:
        differing: Elements that identify patient and study and are not the same in all files.
        events: UIDs of the irradiation events.
    """

    differing: tuple[str, ...]
    events: frozenset[str]


def read_series(folder: Path, progress: Progress) -> SeriesHeaders:
    """Read the headers of a series; files that cannot be read say nothing.

    Args:
        folder: Its files.
        progress: Called before each file with (stage, done, total); may raise to end the reading.
    """
    seen: dict[str, set[str]] = {keyword: set() for keyword in ONE_PATIENT}
    events: set[str] = set()
    files = sorted(folder.iterdir())
    for done, file in enumerate(files):
        progress("comparing", done, len(files))
        try:
            found = _elements(file)
        except RefusedError:
            continue
        for keyword in ONE_PATIENT:
            seen[keyword].add(str(found.get(keyword, "")).rstrip(PADDING))
        events |= _events(found)
    differing = tuple(keyword for keyword in ONE_PATIENT if len(seen[keyword]) > 1)
    return SeriesHeaders(differing, frozenset(events))


def _elements(file: Path) -> Dataset:
    wanted = [*ONE_PATIENT, EVENT, *GROUPS, "SpecificCharacterSet"]
    found = further_elements(parse(file), wanted)
    with foreign("patient and study in the DICOM header"):
        found.decode()
    return found


def _events(found: Dataset) -> set[str]:
    """The events of a file; what cannot be parsed, or is no UID, is none."""
    try:
        with foreign("the irradiation events"):
            return {uid for item in _items(found) for uid in _uids(item) if is_file_uid(uid)}
    except RefusedError:
        return set()


def _items(found: Dataset) -> list[Dataset]:
    frames = [frame for group in GROUPS for frame in found.get(group) or []]
    return [found, *(item for frame in frames for item in frame.get(EVENT_OF_FRAME) or [])]


def _uids(item: Dataset) -> list[str]:
    value = item.get(EVENT) or []
    return [str(each) for each in ([value] if isinstance(value, str) else value)]
