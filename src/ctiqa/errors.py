"""What can go wrong, in words a user can act on.

Every error names the rule that was broken, the value that broke it and the remedy.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a file, or one slice of it, was not scored.

    The codes are part of the report format (``skipped[].reason``) and never change meaning.
    """

    NO_PERMISSION = "no_permission"
    EMPTY_FILE = "empty_file"
    UNKNOWN_FORMAT = "unknown_format"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    NO_PIXELS = "no_pixels"
    NOT_CT = "not_ct"
    LOCALIZER = "localizer"
    DERIVED = "derived"
    SECONDARY_CAPTURE = "secondary_capture"
    COLOUR = "colour"
    NO_RESCALE = "no_rescale"
    IMPOSSIBLE_RESCALE = "impossible_rescale"
    NOT_HU = "not_hu"
    HU_CONVENTION_UNKNOWN = "hu_convention_unknown"
    NOT_FINITE = "not_finite"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    NOT_2D = "not_2d"
    NOT_AXIAL = "not_axial"
    NON_SQUARE_PIXELS = "non_square_pixels"
    DUPLICATE = "duplicate"
    NOT_SELECTED = "not_selected"
    STOPPED = "stopped"


class CtiqaError(Exception):
    """Base of every error that ctiqa raises on purpose."""


class UsageError(CtiqaError, ValueError):
    """An argument, option or recipe breaks a rule (exit status 2)."""


class NothingToDoError(CtiqaError):
    """The input holds nothing that can be worked on (exit status 4)."""


class OutputError(CtiqaError, OSError):
    """A result could not be written; what was there before is untouched (exit status 4)."""


class ProcessError(CtiqaError):
    """The system does not let ctiqa start the processes that it reads with (exit status 4)."""


class WeightsError(CtiqaError):
    """A model file is missing, altered or of another kind."""


class DataError(CtiqaError, ValueError):
    """A data set, manifest or checkpoint breaks a rule; all problems are listed at once."""


class RefusedError(CtiqaError, ValueError):
    """One input cannot be turned into HU, with the fixed code that says why.

    >>> error = RefusedError(Reason.NO_RESCALE, "'RescaleSlope' is absent")
    >>> error.reason.value, str(error)
    ('no_rescale', "'RescaleSlope' is absent")
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[RefusedError], tuple[Reason, str]]:
        return type(self), (self.reason, self.detail)
