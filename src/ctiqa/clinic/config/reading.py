"""Read a configuration file; every problem is listed with its place and remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.section import Section
from ctiqa.errors import RefusedError, UsageError, bulleted, counted
from ctiqa.io.access.regular import open_regular
from ctiqa.text.nearest import nearest_hint
from ctiqa.text.plain_text import clean
from ctiqa.text.strict_json import decoded

MOST_BYTES = 1 << 20
"""Largest file that is read."""

KINDS = {"dicom", "stow", "webhook", "mail", "syslog"}
"""Values of ``kind``, which pydantic puts into the place of a problem."""


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
        problems = [_sentence(each) for each in error.errors(include_url=False)]
        raise UsageError(bulleted(f"{where} has {counted(problems)}:", sorted(problems))) from None


def _values(file: Path) -> dict[str, Any]:
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
        raise UsageError(f"{_name(file)} is not TOML: {clean(str(error), 200)}") from None


def _sentence(error: ErrorDetails) -> str:
    place = _place(error["loc"])
    if error["type"] == "extra_forbidden":
        hint = nearest_hint(str(error["loc"][-1]), _keys_at(error["loc"][:-1]))
        return f"{place}: there is no such key; {hint}"
    if error["type"].startswith("union_tag"):
        return f"{place}: 'kind' must be one of {_offered(error)}"
    if error["type"] == "missing":
        return f"{place}: is missing; state it"
    text = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{place}: {clean(text, 400)}"


def _offered(error: ErrorDetails) -> str:
    """The kinds that a table may have."""
    sections = _sections(Config.model_fields[str(error["loc"][0])].annotation)
    return ", ".join(kind for each in sections for kind in _kinds_of(each))


def _place(parts: tuple[int | str, ...]) -> str:
    """``send 2: port`` as ``send[2].port``; tables count from 1."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif part not in KINDS:
            text += f".{clean(part, 64)}" if text else clean(part, 64)
    return text or "the file"


def _keys_at(parts: tuple[int | str, ...]) -> list[str]:
    """The keys that a table may have."""
    found: Any = Config
    for part in parts:
        if isinstance(part, int):
            continue
        field = getattr(found, "model_fields", {}).get(part)
        found = _section_in(None if field is None else field.annotation, str(part), found)
    return list(getattr(found, "model_fields", {}))


def _section_in(annotation: Any, part: str, current: Any) -> Any:
    """The section that a type stands for; of several, that of the kind."""
    sections = list(_sections(annotation)) if annotation is not None else list(_sections(current))
    named = [each for each in sections if part in _kinds_of(each)]
    return (named or sections or [None])[0] if len(sections) != 1 or not named else named[0]


def _sections(annotation: Any) -> list[Any]:
    """The sections in a type; of several for one place, all."""
    annotation = getattr(annotation, "__value__", annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [each for part in getattr(annotation, "__args__", ()) for each in _sections(part)]


def _kinds_of(section: Any) -> tuple[str, ...]:
    field = section.model_fields.get("kind")
    return getattr(field.annotation, "__args__", ()) if field is not None else ()


def _name(file: Path) -> str:
    return f"the configuration '{clean(str(file))}'"
