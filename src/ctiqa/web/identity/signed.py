"""Texts that only this server can have made, for cookies."""

from __future__ import annotations

import hashlib
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

MOST_COOKIE = 1024
"""Longest cookie that is looked at, in characters."""


class Signed:
    """Signs plain values, and reads what it has signed.

    Args:
        key: The key.
        purpose: A text that was signed for another purpose is worth nothing.

    >>> notes = Signed(b"key", "note")
    >>> text = notes.text({"id": "a"})
    >>> notes.content(text), notes.content(text + "x"), Signed(b"key", "visit").content(text)
    ({'id': 'a'}, None, None)
    """

    def __init__(self, key: bytes, purpose: str) -> None:
        digest = {"digest_method": hashlib.sha256}
        self._serializer = URLSafeSerializer(key, salt=purpose, signer_kwargs=digest)

    def text(self, content: dict[str, Any]) -> str:
        """Values as a signed text."""
        signed = self._serializer.dumps(content)
        return signed if isinstance(signed, str) else signed.decode()

    def content(self, text: str | None) -> dict[str, Any] | None:
        """The values in a text; ``None`` if it is forged or too long."""
        if not text or len(text) > MOST_COOKIE:
            return None
        try:
            content: dict[str, Any] = self._serializer.loads(text)
        except BadData:
            return None
        return content


def password_digest(stored: str) -> str:
    """What tells passwords apart, without the hash itself."""
    return hashlib.sha256(f"session:{stored}".encode()).hexdigest()[:16]
