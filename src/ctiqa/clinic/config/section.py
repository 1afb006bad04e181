"""What all sections of the configuration have in common."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ctiqa.errors import UsageError
from ctiqa.io.access.regular import is_there

MOST_SECRET = 1 << 16
"""Largest file with a password, in bytes."""


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are refused, nothing is converted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_default=True,
    )


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        # Not quoted: it may be a password where the name of its file belongs.
        raise ValueError("must be an absolute path, beginning with '/'")
    return path


def _path(value: object) -> object:
    """A path from the text in the file."""
    return Path(value) if isinstance(value, str) and value and "\0" not in value else value


FilePath = Annotated[Path, BeforeValidator(_path), AfterValidator(_absolute)]
"""An absolute path; it need not exist."""

Port = Annotated[int, Field(ge=0, le=65535)]
"""A port; 0 lets the system choose."""


def _ae_title(title: str) -> str:
    if not re.fullmatch(r"[\x20-\x5b\x5d-\x7e]{1,16}", title) or not title.strip():
        raise ValueError(
            "must be an AE title: 1 to 16 ASCII characters, not only spaces, without backslash "
            f"(PS3.5, AE), got {len(title)} characters"
        )
    if title != title.strip():
        raise ValueError("must be an AE title without spaces at its ends")
    return title


AeTitle = Annotated[str, AfterValidator(_ae_title)]


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
        raise ValueError(
            "must be a name of 1 to 32 lower-case letters, digits and hyphens, such as 'pacs'"
        )
    return name


Name = Annotated[str, AfterValidator(_name)]
"""Name of a target, source or alert, as it is shown."""


def read_secret(file: Path) -> str:
    """A password or token from a file of its own; line ends at its end are removed.

    Raises:
        UsageError: If the file cannot be read, is empty, or others may read it.
    """
    try:
        if not is_there(file) or not file.is_file():
            raise FileNotFoundError(2, "there is no such file")
        if os.name == "posix" and file.stat().st_mode & 0o007:
            raise PermissionError(13, f"everybody may read it; run: chmod o= '{file}'")
        text = file.read_bytes()[:MOST_SECRET].decode().rstrip("\r\n")
    except OSError as error:
        raise UsageError(
            f"the secret in '{file}' cannot be read: {error.strerror or error}"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"the secret in '{file}' must be text in UTF-8") from None
    if not text:
        raise UsageError(f"the secret in '{file}' must not be empty; write one into the file")
    return text
