"""Split a multipart answer into files while it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path
from typing import BinaryIO

MOST_PARTS = 100_000
"""Maximum number of instances of a series."""

MOST_BYTES = 1 << 36
"""Maximum size of a series."""

_MOST_HEADER_BYTES = 1 << 16


class MultipartError(ValueError):
    """The answer is not a complete multipart message; the message says why."""


def boundary_of(media: str) -> bytes | None:
    """The boundary in the header ``Content-Type``; ``None`` if it is not multipart.

    >>> boundary_of('multipart/related; type="application/dicom"; boundary="a b"')
    b'a b'
    >>> boundary_of("text/html")
    """
    message = Message()
    message["Content-Type"] = media
    boundary = message.get_boundary()
    is_multipart = message.get_content_maintype() == "multipart"
    return boundary.encode() if is_multipart and boundary else None


def split(chunks: Iterable[bytes], boundary: bytes, folder: Path) -> list[Path]:
    r"""Write every part to a file of its own, without holding one in memory.

    Args:
        chunks: The body as it arrives.
        boundary: What separates the parts.
        folder: Where to write; names are numbers.

    Returns:
        The files, in the order of the parts.

    Raises:
        MultipartError: If the body ends before the last boundary, or is too large.

    >>> import tempfile
    >>> body = [b"--x\r\nContent-Length: 3\r\n\r\none\r", b"\n--x\r\n\r\ntwo\r\n--x--"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.read_bytes() for file in split(body, b"x", Path(folder))]
    [b'one', b'two']
    """
    body = _Body(iter(chunks), b"\r\n--" + boundary)
    body.skip_part()
    files: list[Path] = []
    while body.begin_part():
        if len(files) == MOST_PARTS:
            raise MultipartError(f"the series has more than {MOST_PARTS} instances")
        files.append(folder / f"{len(files):06}.dcm")
        with files[-1].open("wb") as stream:
            body.copy_part(stream)
    return files


class _Body:
    """The body, of which only a little more than one chunk is in memory."""

    def __init__(self, chunks: Iterator[bytes], delimiter: bytes) -> None:
        self._chunks = chunks
        self._delimiter = delimiter
        # The first boundary may be at the very beginning, without a line before it.
        self._data = bytearray(b"\r\n")
        self._received = 0

    def skip_part(self) -> None:
        """Skip what is before the next boundary."""
        for _ in self._until_boundary():
            pass

    def begin_part(self) -> bool:
        """Skip the rest of a boundary and the headers after it; false after the last boundary."""
        self._need(2)
        if self._data.startswith(b"--"):
            return False
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if len(self._data) > _MOST_HEADER_BYTES:
                raise MultipartError("a part of the answer has no end of its headers")
            self._receive()
        del self._data[: end + 4]
        return True

    def copy_part(self, stream: BinaryIO) -> None:
        """Write what is before the next boundary."""
        for piece in self._until_boundary():
            stream.write(piece)

    def _until_boundary(self) -> Iterator[bytes]:
        while (end := self._data.find(self._delimiter)) < 0:
            # The beginning of a boundary may be at the end of what has arrived.
            sure = max(0, len(self._data) - len(self._delimiter) + 1)
            yield bytes(self._data[:sure])
            del self._data[:sure]
            self._receive()
        yield bytes(self._data[:end])
        del self._data[: end + len(self._delimiter)]

    def _need(self, count: int) -> None:
        while len(self._data) < count:
            self._receive()

    def _receive(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise MultipartError("the answer ends too early")
        self._received += len(chunk)
        if self._received > MOST_BYTES:
            raise MultipartError(f"the series has more than {MOST_BYTES >> 30} GB")
        self._data += chunk
