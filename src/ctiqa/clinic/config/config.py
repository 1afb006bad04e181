"""The whole configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from ctiqa.clinic.config.listening import Listen, Score, Spool
from ctiqa.clinic.config.section import FilePath, Section, read_secret
from ctiqa.clinic.config.sending import Alert, Fetch, Target, Watch
from ctiqa.clinic.config.web import Web


def _address(text: str) -> str:
    """An address of a store; messages do not quote it, because it may hold a password."""
    scheme, separator, rest = text.partition("://")
    if scheme.startswith("postgres") and separator:
        from ctiqa.store.database.address import parse_address  # noqa: PLC0415 - optional

        parse_address(text)
        return text
    file = rest.removeprefix("/") if scheme.startswith("sqlite") else text
    if not file.startswith("/") or (separator and not scheme.startswith("sqlite")):
        raise ValueError(
            "must be the absolute path of an SQLite file or postgresql://USER@HOST:PORT/DATABASE"
        )
    return text


class StoreSection(Section):
    """The store of results.

    Attributes:
        address: SQLite file on a local disk, or PostgreSQL URL without password.
        password_file: File with the password of the database; for PostgreSQL only.
        uids: How a new store keeps UIDs; a store that exists keeps its choice.
        dates: What a new store keeps of the date of a study; a store that exists keeps its choice.
    """

    address: Annotated[str, AfterValidator(_address)] = "/var/lib/ctiqa/ct.sqlite"
    password_file: FilePath | None = None
    uids: Literal["plain", "hashed"] | None = None
    dates: Literal["day", "month", "none"] | None = None

    @model_validator(mode="after")
    def _password_of_a_server(self) -> StoreSection:
        if self.password_file is not None and not self.address.startswith("postgres"):
            raise ValueError(
                "'password_file' belongs to PostgreSQL, and 'address' is an SQLite file; remove one"
            )
        return self

    def url(self) -> str:
        """The address with the password.

        Raises:
            UsageError: If the password cannot be read, or the address is not one.
        """
        if self.password_file is None:
            return self.address
        from ctiqa.store.database.address import parse_address  # noqa: PLC0415 - optional

        url = parse_address(self.address).url.set(password=read_secret(self.password_file))
        return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Config(Section):
    """The configuration of ``ctiqa listen`` and ``ctiqa serve``; every key has a default.

    Attributes:
        store: The store of results.
        spool: The folder for received files.
        listen: The DICOM listener.
        score: How series are scored.
        send: Where results are sent.
        fetch: Archives that are asked for what the listener missed.
        watch: What alerts are about.
        alert: Where alerts are sent.
        web: The dashboard.
    """

    store: StoreSection = StoreSection()
    spool: Spool = Spool()
    listen: Listen = Listen()
    score: Score = Score()
    send: tuple[Target, ...] = Field(default=(), strict=False)
    fetch: tuple[Fetch, ...] = Field(default=(), strict=False)
    watch: Watch = Watch()
    alert: tuple[Alert, ...] = Field(default=(), strict=False)
    web: Web = Web()

    @model_validator(mode="after")
    def _different_names(self) -> Config:
        lists: dict[str, tuple[Any, ...]] = {
            "send": self.send,
            "fetch": self.fetch,
            "alert": self.alert,
        }
        for key, tables in lists.items():
            names = [each.name for each in tables]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(
                    f"tables of '{key}' must have different names, got '{twice[0]}' twice"
                )
        return self

    @model_validator(mode="after")
    def _different_ports(self) -> Config:
        same_host = self.listen.host == self.web.host
        if same_host and self.listen.port == self.web.port != 0:
            raise ValueError(
                f"'listen.port' and 'web.port' must differ, got {self.web.port} twice; "
                "change one of them"
            )
        return self
