"""Description of a derived slice."""

from __future__ import annotations

from dataclasses import dataclass

from ctiqa.data.derived_dicom.codes import Operation
from ctiqa.errors import UsageError
from ctiqa.io.dicom.writing.values import TEXT_LENGTH, check_text, is_uid


@dataclass(frozen=True, slots=True)
class Derivation:
    """Description of a derived slice and its pseudonym.

    Attributes:
        description: The processing in words, 1…1024 characters (DerivationDescription).
        series_uid: SeriesInstanceUID of the new series, for example from
            :func:`ctiqa.io.dicom.writing.uids.derived_uid`.
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
