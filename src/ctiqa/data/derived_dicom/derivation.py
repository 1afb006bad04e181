"""What a derived slice is said to be, and the UIDs that it goes by."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import generate_uid

from ctiqa.data.derived_dicom.codes import Operation
from ctiqa.data.derived_dicom.values import TEXT_LENGTH, check_text, is_uid
from ctiqa.errors import UsageError


@dataclass(frozen=True, slots=True)
class Derivation:
    """What a derived slice is, and whose.

    Attributes:
        description: What was done, in words, 1…1024 characters (DerivationDescription).
        series_uid: SeriesInstanceUID of the new series, for example of :func:`derived_uid`.
        patient: Pseudonym, 1…64 characters; becomes PatientID and PatientName.
        series_description: Name of the new series, 1…64 characters.
        operation: The operation in the standard's codes; ``None`` where it has none.

    Raises:
        UsageError: If a text is empty, too long or holds control characters or backslashes, or
            if ``series_uid`` is no UID.
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
    """A UID that depends on its parts alone: the same run gives the same UIDs everywhere.

    Made of a hash, under pydicom's root (DICOM PS3.5, 9.1).

    Args:
        parts: What the UID stands for, e.g. recipe, source series and dose; order counts.

    Returns:
        UID of at most 64 characters.

    >>> derived_uid("recipe", "series", 0.5) == derived_uid("recipe", "series", 0.5)
    True
    >>> derived_uid("ab", "c") == derived_uid("a", "bc")
    False
    """
    # As texts, because a NumPy number is represented otherwise than a plain one.
    named = repr([str(part) for part in parts])
    return str(generate_uid(entropy_srcs=[named]))
