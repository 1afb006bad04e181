"""Addresses in the configuration."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL such as 'https://pacs/dicom-web'") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must be a URL such as 'https://pacs/dicom-web'")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or password; use 'user' and 'password_file'")
    return text.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", text):
        raise ValueError("must be the name or IP address of a computer, such as 'pacs.hospital'")
    return text


Host = Annotated[str, AfterValidator(_host)]

TargetPort = Annotated[int, Field(ge=1, le=65535)]
"""A port of another computer."""


def _address(text: str) -> str:
    # Nothing in it can end a line or a command of SMTP.
    if len(text) > 254 or not re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+", text):
        raise ValueError("must be an e-mail address such as 'physics@hospital.example'")
    return text


MailAddress = Annotated[str, AfterValidator(_address)]


def is_open(url: str) -> bool:
    """Whether a secret sent to an address could be read on the way to another computer.

    >>> is_open("http://pacs/"), is_open("https://pacs/"), is_open("http://localhost:8042/")
    (True, False, False)
    """
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")
