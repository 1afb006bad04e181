"""The file that says which survey parts belong to; made once, by whoever is first."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import cast

from ctiqa.cluster.parts.place import Place
from ctiqa.errors import DataError, UsageError
from ctiqa.store.privacy import DATES, UIDS, Dates, Privacy, Uids
from ctiqa.version import __version__

FILE = "survey.json"

FORMAT = 1
"""Version of the format."""


@dataclass(frozen=True, slots=True)
class SurveyFile:
    """What all parts of a survey have in common.

    Attributes:
        how: Digests of the model and the options.
        choice: Digest of the choice of series.
        uids: Whether UIDs are kept or hashed.
        dates: What is kept of days.
        secret: Key of the hashes, as in a store.
        survey: Random name.
        format: Version of the format.
        made_by: Version of ctiqa.
    """

    how: str
    choice: str
    uids: str
    dates: str
    secret: str
    survey: str
    format: int = FORMAT
    made_by: str = __version__

    @property
    def privacy(self) -> Privacy:
        """What is kept of UIDs, days and names of files."""
        return Privacy(cast("Uids", self.uids), cast("Dates", self.dates), self.secret)


def read_survey_file(place: Place) -> SurveyFile | None:
    """The file of a place; ``None`` if there is none.

    Raises:
        DataError: If it is damaged, or of a newer version.
    """
    try:
        found = json.loads(place.read(FILE))
    except FileNotFoundError:
        return None
    except ValueError:
        raise _damaged(place) from None
    if isinstance(found, dict) and isinstance(found.get("format"), int):
        if found["format"] > FORMAT:
            raise DataError(
                f"the parts in '{place.name}' have format {found['format']}, and this ctiqa knows "
                f"formats up to {FORMAT}; update ctiqa"
            )
        try:
            return _checked(SurveyFile(**found))
        except (TypeError, ValueError):
            raise _damaged(place) from None
    raise _damaged(place)


def settle(place: Place, how: str, choice: str, privacy: Privacy | None) -> SurveyFile:
    """Read the file, or make it.

    Args:
        place: Where the parts are.
        how: As it must be.
        choice: As it must be.
        privacy: Uids and dates as they must be, and the key for new parts; ``None`` takes what is
            there, or the defaults.

    Raises:
        UsageError: If the parts are those of another survey.
        DataError: If the file is damaged.
    """
    found = read_survey_file(place)
    if found is None:
        kept = privacy or Privacy()
        new = SurveyFile(how, choice, kept.uids, kept.dates, kept.secret, secrets.token_hex(8))
        place.create(FILE, json.dumps(asdict(new), indent=1).encode())
        # Another process may have been faster.
        found = read_survey_file(place) or new
    _check_equal(place, found, how, choice, privacy)
    return found


def _check_equal(
    place: Place, found: SurveyFile, how: str, choice: str, privacy: Privacy | None
) -> None:
    given = {"model or options": (found.how, how), "choice of series": (found.choice, choice)}
    if privacy is not None:
        given["uids"] = (found.uids, privacy.uids)
        given["dates"] = (found.dates, privacy.dates)
    if other := [name for name, (there, asked) in given.items() if there != asked]:
        raise UsageError(
            f"the parts in '{place.name}' belong to a survey with other settings "
            f"({', '.join(other)}); name another place, or use the settings of that survey"
        )


def _checked(found: SurveyFile) -> SurveyFile:
    texts = [found.how, found.choice, found.survey, found.secret]
    if found.uids not in UIDS or found.dates not in DATES or len(bytes.fromhex(found.secret)) < 16:
        raise ValueError("settings")
    if not all(isinstance(each, str) and each for each in texts):
        raise ValueError("empty")
    return found


def _damaged(place: Place) -> DataError:
    return DataError(
        f"'{FILE}' in '{place.name}' is damaged; restore it from a backup, or begin with another "
        "place: without its key the parts cannot be told from those of other surveys"
    )
