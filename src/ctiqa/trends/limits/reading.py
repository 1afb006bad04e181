"""Read a limits file: TOML with one table ``[[limits]]`` for every kind of scans."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from ctiqa.errors import DataError, RefusedError
from ctiqa.io.access.regular import open_regular
from ctiqa.text.plain_text import clean
from ctiqa.text.strict_json import decoded
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.limits.validating import limits_from

MOST_BYTES = 1 << 20
"""Largest file that is read."""


def read_limits(file: Path) -> tuple[Limit, ...]:
    r"""The limits of a TOML file, strictly read.

    Args:
        file: The file.

    Raises:
        DataError: If it cannot be read, is not TOML, or breaks a rule; the message lists every
            unknown key, wrong type, wrong range and contradiction with its place.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "limits.toml")
    ...     _ = file.write_text('[[limits]]\nprotocol = "Thorax*"\nleast_score = 2.5')
    ...     [limit] = read_limits(file)
    >>> limit.scope_text, dict(limit.bounds)
    ('protocol Thorax*', {'least_score': 2.5})
    """
    return limits_from(_values(file), _name(file))


def _values(file: Path) -> dict[str, Any]:
    try:
        with open_regular(file) as stream:
            data = stream.read(MOST_BYTES + 1)
    except RefusedError as error:
        is_folder = os.path.isdir(file)  # noqa: PTH112 - the other one raises for long names
        what = "it is a folder" if is_folder else error.detail
        raise DataError(f"{_name(file)} cannot be read: {what}; name a TOML file") from None
    except OSError as error:
        raise DataError(f"{_name(file)} cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise DataError(f"{_name(file)} must be smaller than {MOST_BYTES} bytes; name a TOML file")
    try:
        return tomllib.loads(decoded(data))
    except RecursionError:
        raise DataError(f"{_name(file)} is not TOML: it is nested too deeply") from None
    # Numbers with thousands of digits and bad dates raise ValueError, the base of TOML errors.
    except ValueError as error:
        raise DataError(f"{_name(file)} is not TOML: {clean(str(error), 200)}") from None


def _name(file: Path) -> str:
    return f"the limits file '{clean(str(file))}'"
