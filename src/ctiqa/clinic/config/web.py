"""Sections of the dashboard: address, users, tokens."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from ctiqa.clinic.config.listening import Network
from ctiqa.clinic.config.section import FilePath, Port, Section
from ctiqa.store.where import parse_condition

Role = Literal["reader", "reviewer"]
"""``reader`` looks; ``reviewer`` also marks scans and tries failed work again."""

Scope = Literal["read", "score", "metrics"]


def _argon2(text: str) -> str:
    if not re.fullmatch(r"\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+", text):
        raise ValueError("must be a hash of argon2id; make one with: ctiqa config password")
    return text


PasswordHash = Annotated[str, AfterValidator(_argon2)]


def _token_hash(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(
            "must be the SHA-256 of a token, 64 hexadecimal digits; make one with: "
            "ctiqa config token"
        )
    return text


TokenHash = Annotated[str, AfterValidator(_token_hash)]


def _condition(text: str) -> str:
    parse_condition(text)
    return text


ScanCondition = Annotated[str, AfterValidator(_condition)]
"""A condition of scans; one that is wrong must not be found out when somebody looks."""


def _host_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?", text):
        raise ValueError(
            "must be a host name such as 'ct.hospital.example', perhaps with a port, without "
            "'https://' and path"
        )
    return text


HostName = Annotated[str, AfterValidator(_host_name)]


class User(Section):
    """Who may log in.

    Attributes:
        name: Name to log in with; it is shown with notes and in the audit file.
        password: Hash of the password, argon2id; made by: ctiqa config password.
        role: What the user may do.
        where: Conditions on scans that the user sees, as for ``ctiqa trends --where``; empty for
            all scans.
    """

    name: str = Field(pattern=r"^[\w.@-]{1,64}$")
    password: PasswordHash
    role: Role = "reader"
    where: tuple[ScanCondition, ...] = Field(default=(), strict=False)


class Token(Section):
    """A token of a program.

    Attributes:
        name: Name that is shown in the audit file.
        sha256: SHA-256 of the token; made by: ctiqa config token.
        scopes: What it may be used for.
        where: Conditions on scans that the program sees; empty for all scans.
    """

    name: str = Field(pattern=r"^[\w.@-]{1,64}$")
    sha256: TokenHash
    scopes: tuple[Scope, ...] = Field(strict=False, min_length=1)
    where: tuple[ScanCondition, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _metrics_of_all(self) -> Token:
        if self.where and "metrics" in self.scopes:
            raise ValueError(
                "the scope 'metrics' must not be limited by 'where', because metrics count all "
                "scans; remove one of them"
            )
        return self


class Web(Section):
    """The dashboard.

    Attributes:
        host: Address to listen on; any but the loopback address needs users.
        port: Port to listen on.
        names: Host names by which browsers may call it, besides those of the loopback address.
        users: Who may log in; without users, everybody on this computer may look and mark scans.
        tokens: Tokens of programs.
        session_hours: A login ends after this time.
        secret_file: File with the key that signs logins; it is created if it is missing.
        audit_file: File with one line for each view and login; ``None`` for standard error.
        https: Whether browsers reach it by HTTPS, through a proxy; then cookies are for HTTPS only.
        proxies: Addresses or networks of proxies that are trusted to state the client's address.
        most_upload_megabytes: Largest upload for scoring; unpacked, up to four times as much.
        most_uploads: Largest number of uploads that are scored at once.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    names: tuple[HostName, ...] = Field(default=(), strict=False)
    users: tuple[User, ...] = Field(default=(), strict=False)
    tokens: tuple[Token, ...] = Field(default=(), strict=False)
    session_hours: float = Field(default=8, gt=0, le=168)
    secret_file: FilePath = Field(default="/var/lib/ctiqa/web.key")  # type: ignore[assignment]
    audit_file: FilePath | None = None
    https: bool = False
    proxies: tuple[Network, ...] = Field(default=(), strict=False)
    most_upload_megabytes: int = Field(default=2048, ge=1, le=65536)
    most_uploads: int = Field(default=1, ge=1, le=16)

    @field_validator("users", "tokens")
    @classmethod
    def _distinct(cls, given: tuple[User | Token, ...]) -> tuple[User | Token, ...]:
        names = [each.name for each in given]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"must have different names, got '{twice[0]}' twice")
        return given
