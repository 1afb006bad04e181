"""Read a configuration file; every problem is listed with its place and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.problems import sentence
from ctiqa.errors import RefusedError, UsageError, bulleted, counted
from ctiqa.io.access.regular import open_regular
from ctiqa.text.plain_text import clean
from ctiqa.text.strict_json import decoded

MOST_BYTES = 1 << 20
"""Largest file that is read."""


def read_config(file: Path) -> Config:
    r"""The configuration in a TOML file.

    Args:
        file: The file.

    Raises:
        UsageError: If it cannot be read, is not TOML, or breaks a rule; the message lists every
            unknown key, wrong type and wrong range with its place, and quotes no value that could
            be a secret.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "ctiqa.toml")
    ...     _ = file.write_text('[listen]\nprot = 104\nae_title = "MUCH TOO LONG A TITLE"')
    ...     read_config(file)
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: the configuration '.../ctiqa.toml' has 2 problems:
      listen.ae_title: must be an AE title: 1 to 16 ASCII characters, not only spaces, without
      backslash (PS3.5, AE), got 21 characters
      listen.prot: there is no such key; did you mean 'port'?
    """
    return config_from(_values(file), _name(file))


def config_from(values: Mapping[str, Any], where: str = "the configuration") -> Config:
    """The configuration from plain values, as they are in TOML.

    Args:
        values: Tables by name.
        where: What the values are from, for messages.

    Raises:
        UsageError: If they break a rule; the message lists all problems.
    """
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        problems = [sentence(each) for each in _distinct(error.errors(include_url=False))]
        raise UsageError(bulleted(f"{where} has {counted(problems)}:", sorted(problems))) from None


def _values(file: Path) -> dict[str, Any]:
    if file.is_dir():
        raise UsageError(f"{_name(file)} must be a TOML file, got a folder")
    try:
        with open_regular(file) as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, RefusedError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{_name(file)} cannot be read: {why}; name a TOML file") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{_name(file)} must be smaller than {MOST_BYTES} bytes; name a TOML file")
    try:
        return tomllib.loads(decoded(data))
    except RecursionError:
        raise UsageError(f"{_name(file)} is not TOML: it is nested too deeply") from None
    # Numbers with thousands of digits and bad dates raise ValueError, the base of TOML errors.
    except ValueError as error:
        raise UsageError(f"{_name(file)} is not TOML: {_line_of(error)}") from None


def _distinct(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without lists that count as empty only because something in them is wrong."""
    places = [each["loc"] for each in errors]
    for error in errors:
        size = len(error["loc"])
        inner = [each for each in places if len(each) > size and each[:size] == error["loc"]]
        if error["type"] != "too_short" or not inner:
            yield error


def _line_of(error: ValueError) -> str:
    """What is wrong with TOML, with its line; twice the same is the usual slip."""
    text = clean(str(error), 200)
    line = re.search(r"\(at (line \d+|end of document)(, column \d+)?\)", text)
    where = f"{line[1].removesuffix(' of document')}: " if line else ""
    what = text[: line.start()].strip() if line else text
    if what.startswith(("Cannot overwrite", "Cannot declare")):
        return f"{where}a key or table is there a second time; remove one of the two"
    return f"{where}{what[:1].lower()}{what[1:]}; see 'ctiqa config example' for how it is written"


def _name(file: Path) -> str:
    return f"the configuration '{clean(str(file))}'"
