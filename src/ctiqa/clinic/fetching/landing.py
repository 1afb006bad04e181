"""Fetched files on their way into the spool: checked, bounded, durable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ctiqa.archive.sources.dicomweb.session import Fault
from ctiqa.clinic.keeping.looking import look_at
from ctiqa.clinic.receiving.protocol.identity import HEAD_BYTES, identity
from ctiqa.clinic.spool.spool import SpoolFolder, is_file_uid
from ctiqa.errors import OutputError, RefusedError
from ctiqa.io.access.files import open_file
from ctiqa.io.dicom.decoding.syntaxes import IMPLICIT_LITTLE
from ctiqa.io.dicom.meta import read_announced

LOOK_BYTES = 1 << 24
"""After so many bytes, the room on the disk is looked at again."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the instances of an archive go.

    Attributes:
        spool: The spool.
        source: Name of the archive.
        most_bytes: Largest instance that is accepted.
    """

    spool: SpoolFolder
    source: str
    most_bytes: int

    def has(self, instance: str, name: str) -> bool:
        """Whether a file is in the spool already.

        Args:
            instance: SOP Instance UID.
            name: Name of its series in the store.
        """
        file = f"{instance}.dcm"
        folders = [self.spool.series / name, self.spool.dose, *self.spool.incoming.iterdir()]
        return any((folder / file).exists() for folder in folders)

    def receive(self, pieces: Iterable[bytes], series: str, name: str) -> bool:
        """Take in an instance while it arrives.

        Args:
            pieces: Its file.
            series: UID of the series that it must be of.
            name: Name of the series in the store.

        Returns:
            Whether it is new, and a CT image or a dose report.

        Raises:
            Fault: If it is not what was asked for, or too large.
            OutputError: If the disk is full.
            OSError: If the disk fails.
        """
        with self.spool.receiving() as (file, stream):
            for piece in self.bounded(pieces, self.most_bytes):
                stream.write(piece)
            stream.flush()
            return self.adopt(file, series, name)

    def adopt(self, file: Path, series: str, name: str) -> bool:
        """Take in a file on the drive of the spool; it may be gone afterwards.

        Args, returns and raises as :meth:`receive`.
        """
        instance = _instance_of(file)
        try:
            arrival = look_at(file)
        except RefusedError as error:
            raise Fault(f"it sends a file that cannot be read: {error.detail}") from None
        if arrival.kind == "image" and arrival.series != series:
            raise Fault("it sends an image of another series; see its log")
        if arrival.kind == "other" or self.has(instance, name):
            return False
        with file.open("rb+") as stream:
            os.fdatasync(stream.fileno())
        self.spool.keep_file(instance, self.source, file)
        return True

    def bounded(self, pieces: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
        """Pieces of a body, as long as it is not too large and the disk has room.

        Raises:
            Fault: If it is too large.
            OutputError: If the disk is full.
        """
        received, looked = 0, -LOOK_BYTES
        for piece in pieces:
            received += len(piece)
            if received > most_bytes:
                raise Fault(f"it sends more than {most_bytes // 10**6} MB at once; see its log")
            if received - looked >= LOOK_BYTES:
                looked = received
                self._check_room()
            yield piece

    def _check_room(self) -> None:
        if not self.spool.has_room(LOOK_BYTES):
            raise OutputError(
                "the disk of the spool is full; free space, or lower 'keep_gigabytes' in [spool]"
            )


def _instance_of(file: Path) -> str:
    """SOP Instance UID of a file.

    Raises:
        Fault: If it has none.
    """
    try:
        with open_file(file) as stream:
            announced = read_announced(stream)
            stream.seek(announced.end)
            head = stream.read(HEAD_BYTES)
    except RefusedError as error:
        raise Fault(f"it sends a file that cannot be read: {error.detail}") from None
    found = identity(head, announced.transfer_syntax or IMPLICIT_LITTLE)
    if found is None or not is_file_uid(found[1]):
        raise Fault("it sends a file that is not DICOM, or has no SOP Instance UID; see its log")
    return found[1]
