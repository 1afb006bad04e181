"""The body of an upload as files: a ZIP archive, one DICOM file, or the parts of a form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from ctiqa.web.problems import Problem, ProblemError

ZIP = "series.zip"
"""Name of an archive in the folder."""

PARTS = "series"
"""Name of the folder of single files in the folder."""

MOST_FILES = 20_000
"""Number of files of an upload, also in an archive."""

MOST_PART_HEADERS = 4096
"""Longest headers of a part, in bytes."""

WRONG_TYPE = Problem(
    415,
    "wrong_type",
    "the body must be a ZIP archive (application/zip), a DICOM file (application/dicom), or files "
    "(multipart/form-data or multipart/related)",
    "set 'Content-Type'",
)

WRONG_PARTS = Problem(
    400, "wrong_parts", "the parts of the body must be well-formed", "send them again"
)

TOO_MANY = Problem(
    413, "too_many_files", f"an upload must have at most {MOST_FILES} files", "send one series"
)


class Single:
    """Writes the body to one file.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self._stream = file.open("xb")

    def write(self, data: bytes) -> None:
        """Write a piece of the body."""
        self._stream.write(data)

    def close(self, *, is_complete: bool) -> None:  # noqa: ARG002 - the same for all
        """End the file."""
        self._stream.close()


class Parts:
    """Writes the files among the parts of the body; their names are numbers.

    Args:
        folder: Where the files are written.
        boundary: Separates the parts.
        is_form: Whether parts without a file name are fields, which are ignored.
    """

    def __init__(self, folder: Path, boundary: bytes, *, is_form: bool) -> None:
        self._folder = folder
        self._is_form = is_form
        self._stream: BinaryIO | None = None
        self._header = b""
        self._value = b""
        self._n_header_bytes = 0
        self._is_file = not is_form
        self._n = 0
        self._is_ended = False
        self._parser = MultipartParser(
            boundary,
            callbacks={
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )

    def write(self, data: bytes) -> None:
        """Write a piece of the body.

        Raises:
            ProblemError: 400 if it is not well-formed, 413 for too many parts.
        """
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise ProblemError(WRONG_PARTS) from None

    def close(self, *, is_complete: bool) -> None:
        """End the file in hand.

        Raises:
            ProblemError: 400 if the body ends too early.
        """
        self._part_end()
        if is_complete and not self._is_ended:
            raise ProblemError(WRONG_PARTS)

    def _part_begin(self) -> None:
        self._header, self._value, self._n_header_bytes = b"", b"", 0
        self._is_file = not self._is_form

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += self._counted(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _counted(self, data: bytes) -> bytes:
        self._n_header_bytes += len(data)
        if self._n_header_bytes > MOST_PART_HEADERS:
            raise ProblemError(WRONG_PARTS)
        return data

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._is_file = self._is_file or b"filename" in options
        self._header, self._value = b"", b""

    def _headers_finished(self) -> None:
        self._n += 1
        if self._n > MOST_FILES:
            raise ProblemError(TOO_MANY)
        if self._is_file:
            self._stream = (self._folder / f"{self._n:05}").open("xb")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._stream is not None:
            self._stream.write(data[start:end])

    def _part_end(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _end(self) -> None:
        self._is_ended = True


async def receive(body: AsyncIterator[bytes], content_type: str, folder: Path) -> str:
    """Write the body of an upload to files.

    Args:
        body: Its pieces.
        content_type: Header *Content-Type*.
        folder: An empty folder.

    Returns:
        What is to be scored, a name in the folder.

    Raises:
        ProblemError: 415 for another type, 400 if the body is not well-formed, 413 for too many
            files.
    """
    name, target = _target(content_type, folder)
    is_complete = False
    try:
        async for piece in body:
            await run_in_threadpool(target.write, piece)
        is_complete = True
    finally:
        target.close(is_complete=is_complete)
    return name


def _target(content_type: str, folder: Path) -> tuple[str, Single | Parts]:
    kind, options = parse_options_header(content_type)
    if kind in {b"application/zip", b"application/x-zip-compressed"}:
        return ZIP, Single(folder / ZIP)
    if kind not in {b"application/dicom", b"multipart/form-data", b"multipart/related"}:
        raise ProblemError(WRONG_TYPE)
    files = folder / PARTS
    files.mkdir()
    if kind == b"application/dicom":
        return PARTS, Single(files / "00001")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, 5.1.1 (1996)
        raise ProblemError(WRONG_PARTS)
    return PARTS, Parts(files, boundary, is_form=kind == b"multipart/form-data")
