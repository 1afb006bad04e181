"""Exceptions, with messages that a user can act on.

Every message names the rule, the value that broke it and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    NOT_FETCHED = "not_fetched"
    CRASHED = "crashed"


class CtiqaError(Exception):
    """Base of every error that ctiqa raises on purpose."""


class UsageError(CtiqaError, ValueError):
    """An argument, option or recipe breaks a rule (exit status 2)."""


class NothingToDoError(CtiqaError):
    """The input contains nothing to work on (exit status 4)."""


class OutputError(CtiqaError, OSError):
    """A result could not be written; an existing file is unchanged (exit status 4)."""


class ProcessError(CtiqaError):
    """The system does not let ctiqa start reader processes (exit status 4)."""


class WeightsError(CtiqaError):
    """A model file is missing, altered or not a model."""


class DataError(CtiqaError, ValueError):
    """A data set, manifest or checkpoint breaks a rule; the message lists all problems."""


class RefusedError(CtiqaError, ValueError):
    """One input cannot be converted to HU; carries the fixed code of the reason.

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


MOST_SHOWN = 8
"""Maximum number of examples of one problem that are named; the others are counted."""


def some(names: Iterable[object], most: int = MOST_SHOWN) -> str:
    """List the first names and the number of the others.

    >>> some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    listed = [str(name) for name in names]
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")


def bulleted(head: str, problems: Sequence[str]) -> str:
    r"""Format a message with one problem per line.

    >>> bulleted("no:", ["a", "b"])
    'no:\n  a\n  b'
    """
    return "\n  ".join([head, *problems])


def counted(problems: Sequence[str]) -> str:
    """The number of problems, as text.

    >>> counted(["a"]), counted(["a", "b"])
    ('1 problem', '2 problems')
    """
    return f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")


def list_problems(where: object, problems: Sequence[str]) -> None:
    """Raise one error that lists every problem of a collection, if there are any.

    Args:
        where: The collection.
        problems: Descriptions, one line each.

    Raises:
        DataError: If there are problems.

    >>> list_problems("scans", ["a.dcm: is empty"])
    Traceback (most recent call last):
    ...
    ctiqa.errors.DataError: 'scans' has 1 problem:
      a.dcm: is empty
    """
    if problems:
        raise DataError(bulleted(f"'{where}' has {counted(problems)}:", problems))
