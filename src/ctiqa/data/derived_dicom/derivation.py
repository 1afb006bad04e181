"""Description and UIDs of a derived slice."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import generate_uid

from ctiqa.data.derived_dicom.codes import Operation
from ctiqa.data.derived_dicom.values import TEXT_LENGTH, check_text, is_uid
from ctiqa.errors import UsageError


@dataclass(frozen=True, slots=True)
class Derivation:
    """Description of a derived slice and its pseudonym.

    Attributes:
        description: The processing in words, 1…1024 characters (DerivationDescription).
        series_uid: SeriesInstanceUID of the new series, for example from :func:`derived_uid`.
        patient: Pseudonym, 1…64 characters; becomes PatientID and PatientName.
        series_description: SeriesDescription of the new series, 1…64 characters.
        operation: The operation, for its standard code; ``None`` if there is no code.

    Raises:
        UsageError: If a text is empty, too long or holds control characters or backslashes, or
            if ``series_uid`` is not a UID.
    """

    description: str
    series_uid: str
    patient: str = "ANONYMOUS"
    series_description: str = "ctiqa derived"
    operation: Operation | None = None

    def __post_init__(self) -> None:
        limits = {"description": "ST", "patient": "LO", "series_description": "LO"}
        for name, representation in limits.items():
            check_text(name, getattr(self, name), TEXT_LENGTH[representation])
        if not is_uid(self.series_uid):
            raise UsageError(
                f"'series_uid' must be a DICOM UID, got {self.series_uid!r}; "
                "make one with derived_uid(...)"
            )


def derived_uid(*parts: object) -> str:
    """A UID that depends only on its parts, so that repeated runs give the same UIDs.

    A hash below the root of pydicom (DICOM PS3.5, 9.1).

    Args:
        parts: Identifying parts, such as recipe, source series and dose; their order matters.

    Returns:
        UID of at most 64 characters.

    >>> derived_uid("recipe", "series", 0.5) == derived_uid("recipe", "series", 0.5)
    True
    >>> derived_uid("ab", "c") == derived_uid("a", "bc")
    False
    """
    # As strings, because repr differs between NumPy and Python numbers.
    named = repr([str(part) for part in parts])
    return str(generate_uid(entropy_srcs=[named]))
