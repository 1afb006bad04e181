"""Streaming decompression of gzip and zlib, up to the end of the stream."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError

GZIP_MAGIC = b"\x1f\x8b"

_CHUNK_BYTES = 1 << 16
"""Packed bytes read at a time; they unpack to 64 MiB at most."""

EITHER = 47
"""Window bits with which zlib accepts both gzip and zlib."""

_MAX_MEMBERS = 1 << 17
"""Maximum number of concatenated gzip streams; block-wise compression makes 16 per MiB."""

MOST_TIMES = 1032
"""Maximum compression ratio of deflate."""


class Inflated:
    """The unpacked bytes of one or several concatenated gzip streams, or of a zlib stream.

    Checksums and lengths are verified at the end of a stream, so a reader that needs this must read
    to the end. Other data after a gzip stream are ignored, as gzip does.

    Args:
        stream: Positioned at the first packed byte.
        action: What is unpacked, for the message.
        limit: Maximum number of packed bytes to read; ``None`` is all.
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
        """The next packed bytes."""
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
        """Continue with the next gzip stream, if there is one."""
        rest = self._inflater.unused_data.lstrip(b"\0")
        while len(rest) < len(GZIP_MAGIC) and (more := self._more()):
            rest = (rest + more).lstrip(b"\0")
        if not rest.startswith(GZIP_MAGIC):
            return False
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise RefusedError(Reason.CORRUPT, f"{self._action} has too many parts")
        self._inflater, self._ahead = zlib.decompressobj(EITHER), rest
        return True
