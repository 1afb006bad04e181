"""What a store keeps of UIDs, days and names of files; chosen when it is created."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ctiqa.errors import UsageError
from ctiqa.store.keys import SeriesKey

Uids = Literal["plain", "hashed"]
Dates = Literal["day", "month", "none"]

UIDS: tuple[Uids, ...] = ("plain", "hashed")
DATES: tuple[Dates, ...] = ("day", "month", "none")

UID = re.compile(r"[0-9.]{1,64}(#\d+)?")
"""A UID, perhaps with the number of a part. Other names of series are names of files, which often
contain names of patients."""

HASH_DIGITS = 32
"""Hexadecimal digits of a hash: 128 bits."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is kept, and how.

    Attributes:
        uids: UIDs of series as they are, or hashed with the secret of the store.
        dates: The day of a study, the first day of its month, or nothing.
        secret: Random key of the store, 64 hexadecimal digits.
    """

    uids: Uids = "plain"
    dates: Dates = "day"
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def series_uid(self, key: SeriesKey) -> str:
        """What identifies a series: its UID or a hash of it; for other files, their content."""
        if UID.fullmatch(key.series_uid):
            return self.uid(key.series_uid)
        return f"file-{self.content(key)[:HASH_DIGITS]}"

    def uid(self, uid: str) -> str:
        """A UID as it is kept."""
        return uid if self.uids == "plain" else self._hash(uid)

    def content(self, key: SeriesKey) -> str:
        """The digest of the content; hashed like UIDs, as it can be recomputed from the files."""
        return key.content if self.uids == "plain" else self._hash(key.content)

    def day(self, day: date | None) -> date | None:
        """The day of a study, as far as it is kept.

        >>> Privacy(dates="month").day(date(2026, 11, 26)), Privacy(dates="none").day(date.max)
        (datetime.date(2026, 11, 1), None)
        """
        if day is None or self.dates == "none":
            return None
        return day if self.dates == "day" else day.replace(day=1)

    def input_id(self, path: str | os.PathLike[str]) -> str:
        """What stands for a path; paths often contain names of patients and are always hashed."""
        text = os.fspath(path)
        # Unlike that of a path, this does not follow links; it runs for every file.
        return self._hash(text if "://" in text else os.path.abspath(text))  # noqa: PTH100

    def number(self, *texts: str) -> int:
        """A keyed hash of texts, as a number of 63 bits, for what there is one of per file.

        >>> 0 <= Privacy().number("a", "b") < 1 << 63
        True
        """
        text = "\0".join(texts)
        key = bytes.fromhex(self.secret)
        digest = hashlib.blake2b(os.fsencode(text), digest_size=8, key=key).digest()
        return int.from_bytes(digest) >> 1

    def _hash(self, text: str) -> str:
        digest = hmac.digest(bytes.fromhex(self.secret), os.fsencode(text), "sha256")
        return digest.hex()[:HASH_DIGITS]


def check_choices(uids: str | None, dates: str | None) -> None:
    """Check what a caller asks for.

    Raises:
        UsageError: If it is not offered.

    >>> check_choices("secret", None)
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'uids' must be one of plain, hashed, got 'secret'
    """
    for name, given, offered in (("uids", uids, UIDS), ("dates", dates, DATES)):
        if given is not None and given not in offered:
            raise UsageError(f"{name!r} must be one of {', '.join(offered)}, got {given!r}")
