"""Streams packed with gzip or zlib, unpacked a piece at a time and to their very end."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError

GZIP_MAGIC = b"\x1f\x8b"

_CHUNK_BYTES = 1 << 16
"""Packed bytes that are looked at at a time; they unpack to 64 MiB at most."""

EITHER = 47
"""zlib's word for "gzip or zlib, whichever it is"."""

_MAX_MEMBERS = 1 << 17
"""Most gzip streams one after another; block-wise compression makes 16 in a MiB."""

MOST_TIMES = 1032
"""How many times its size deflate can unpack to at most."""


class Inflated:
    """The unpacked bytes of a gzip stream, or of several one after another, or of a zlib stream.

    Checksums and lengths are compared where a stream ends, so a reader that wants to be sure
    reads until nothing comes. What follows a gzip stream and is none is passed over, as gzip does.

    Args:
        stream: Stands at the first packed byte.
        action: What is being unpacked, for the message.
        limit: Most packed bytes that are read; ``None`` for all of them.
    """

    def __init__(self, stream: BinaryIO, action: str, limit: int | None = None) -> None:
        self._stream = stream
        self._action = action
        self._left = limit
        self._inflater = zlib.decompressobj(EITHER)
        self._ahead = b""
        self._members = 0

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; none at the end.

        Raises:
            RefusedError: With ``TRUNCATED`` or ``CORRUPT``.

        >>> import gzip, io
        >>> Inflated(io.BytesIO(gzip.compress(b"slice")), "the slice").read(100)
        b'slice'
        """
        try:
            while not self._inflater.eof or self._next_member():
                if chunk := self._inflater.decompress(self._packed(), count):
                    return chunk
        except zlib.error:
            raise RefusedError(
                Reason.CORRUPT,
                f"{self._action} cannot be unpacked: damaged, or its checksum differs",
            ) from None
        return b""

    def _packed(self) -> bytes:
        """Packed bytes that were not looked at yet."""
        if packed := self._inflater.unconsumed_tail or self._ahead or self._more():
            self._ahead = b""
            return packed
        raise RefusedError(Reason.TRUNCATED, f"{self._action} ends early; copy it again")

    def _more(self) -> bytes:
        packed = self._stream.read(
            _CHUNK_BYTES if self._left is None else min(self._left, _CHUNK_BYTES)
        )
        if self._left is not None:
            self._left -= len(packed)
        return packed

    def _next_member(self) -> bool:
        """Go on to a gzip stream that follows this one, if one does."""
        rest = self._inflater.unused_data.lstrip(b"\0")
        while len(rest) < len(GZIP_MAGIC) and (more := self._more()):
            rest = (rest + more).lstrip(b"\0")
        if not rest.startswith(GZIP_MAGIC):
            return False
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise RefusedError(Reason.CORRUPT, f"{self._action} is packed in too many pieces")
        self._inflater, self._ahead = zlib.decompressobj(EITHER), rest
        return True
