"""The whole configuration."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from ctiqa.clinic.config.listening import Listen, Score, Spool
from ctiqa.clinic.config.section import FilePath, Section, read_secret
from ctiqa.clinic.config.sending import Alert, Fetch, Target, Watch
from ctiqa.clinic.config.web import Web


class StoreSection(Section):
    """The store of results.

    Attributes:
        address: SQLite file or URL of PostgreSQL, without password.
        password_file: File with the password of the database.
        uids: Whether a new store keeps UIDs ``"plain"`` or ``"hashed"``.
        dates: Whether a new store keeps the ``"day"`` or ``"month"`` of studies, or ``"none"``.
    """

    address: str = "/var/lib/ctiqa/ct.sqlite"
    password_file: FilePath | None = None
    uids: Literal["plain", "hashed"] | None = None
    dates: Literal["day", "month", "none"] | None = None

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
        fetch: Archives that are asked for what was missed.
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
