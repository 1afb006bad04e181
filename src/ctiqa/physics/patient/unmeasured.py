"""Why a quantity has no value."""

from __future__ import annotations

from ctiqa.errors import CtiqaError
from ctiqa.types import Unmeasured


class NotMeasurableError(CtiqaError, ValueError):
    """A quantity cannot be measured on this slice; carries the fixed code of the reason.

    >>> error = NotMeasurableError(Unmeasured.NO_FAT, "too few pixels of -150 to -50 HU")
    >>> error.reason.value, str(error)
    ('no_fat', 'too few pixels of -150 to -50 HU')
    """

    def __init__(self, reason: Unmeasured, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[NotMeasurableError], tuple[Unmeasured, str]]:
        return type(self), (self.reason, self.detail)
