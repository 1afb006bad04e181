"""One instance while it arrives: to the disk at once, whatever its size.

Statuses (PS3.4, B.2.3): 0xA700 if the disk is full or fails, or the instance is too large;
0xA900 if the data set is another object than the command says; 0xC000 if the UID may not name a
file or the data set cannot be read; 0x0122 (PS3.7, C.5.6) if it is not of the class of its
presentation context.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom.dsutils import create_file_meta

from ctiqa.clinic.receiving.protocol.commands import Command, Reply
from ctiqa.clinic.receiving.protocol.faults import ProtocolError
from ctiqa.clinic.receiving.protocol.identity import HEAD_BYTES, identity
from ctiqa.clinic.receiving.protocol.negotiation import Context
from ctiqa.clinic.spool.spool import SpoolFolder, is_file_uid

LOOK_BYTES = 1 << 24
"""After so many bytes, the room on the disk is looked at again."""

STORED = Reply(0x0000)
FULL = Reply(0xA700, "the disk of the receiver is full")
BAD_DISK = Reply(0xA700, "the disk of the receiver fails")
DISK = (FULL, BAD_DISK)
"""Refusals for which the sender can do nothing."""

BAD_UID = Reply(0xC000, "the SOP Instance UID is not a UID")
NOT_DATA = Reply(0xC000, "the data set cannot be read")
OTHER_CLASS = Reply(0x0122, "the SOP class is not that of the presentation context")
OTHER_OBJECT = Reply(0xA900, "the UIDs in the data set are not those of the command")

PREAMBLE = bytes(128) + b"DICM"


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where instances go.

    Attributes:
        spool: The folder.
        most_bytes: Largest data set that is accepted.
    """

    spool: SpoolFolder
    most_bytes: int


class Arriving:
    """An instance that arrives.

    Nothing raises while it does: a refusal is kept until the last byte has come, because the
    sender reads no answer before.

    Args:
        inbox: Where it goes.
        command: The C-STORE.
        context: Its presentation context.
        source: AE title of the sender.
    """

    def __init__(self, inbox: Inbox, command: Command, context: Context, source: str) -> None:
        self._inbox = inbox
        self._command = command
        self._context = context
        self._source = source
        self._head = bytearray()
        self._room_until = 0
        self._refusal: Reply | None = None
        self._open = ExitStack()
        self._file: Path
        self._stream: BinaryIO
        self.n_bytes = 0
        self._begin()

    def write(self, data: memoryview) -> None:
        """Take the next bytes of the data set.

        Raises:
            ProtocolError: If it does not end, although it is long too large.
        """
        self.n_bytes += len(data)
        if self.n_bytes > 2 * self._inbox.most_bytes:
            raise ProtocolError(f"a data set with more than {self.n_bytes - 1} bytes came")
        if self.n_bytes > self._inbox.most_bytes:
            self._refuse(self._too_large())
        if self._refusal is None:
            self._head += data[: HEAD_BYTES - len(self._head)]
            self._to_disk(data)

    def finish(self) -> Reply:
        """Keep the instance; it survives a power cut if the answer is :data:`STORED`."""
        if self._refusal is None:
            self._check()
        if self._refusal is None:
            self._keep()
        self.drop()
        return self._refusal or STORED

    def drop(self) -> None:
        """Remove what was written, unless it is kept."""
        self._open.close()

    def _begin(self) -> None:
        if self._command.sop_class != self._context.sop_class:
            self._refuse(OTHER_CLASS)
        elif not is_file_uid(self._command.instance):
            self._refuse(BAD_UID)
        else:
            self._open_file()

    def _open_file(self) -> None:
        try:
            self._look_for_room()
            if self._refusal is None:
                receiving = self._inbox.spool.receiving()
                self._file, self._stream = self._open.enter_context(receiving)
                self._write_meta()
        except OSError as error:
            self._refuse(_of_disk(error))

    def _write_meta(self) -> None:
        self._stream.write(PREAMBLE)
        meta = create_file_meta(
            sop_class_uid=UID(self._command.sop_class),
            sop_instance_uid=UID(self._command.instance),
            transfer_syntax=UID(self._context.transfer_syntax),
        )
        write_file_meta_info(self._stream, meta)  # type: ignore[arg-type]

    def _to_disk(self, data: memoryview) -> None:
        try:
            if self.n_bytes > self._room_until:
                self._look_for_room()
            if self._refusal is None:
                self._stream.write(data)
        except OSError as error:
            self._refuse(_of_disk(error))

    def _look_for_room(self) -> None:
        """Look whether the next :data:`LOOK_BYTES` leave the reserve free."""
        self._room_until = self.n_bytes + LOOK_BYTES
        if not self._inbox.spool.has_room(0):
            self._refuse(FULL)

    def _check(self) -> None:
        found = identity(bytes(self._head), self._context.transfer_syntax)
        if found is None:
            self._refuse(NOT_DATA)
        elif found != (self._command.sop_class, self._command.instance):
            self._refuse(OTHER_OBJECT)

    def _keep(self) -> None:
        try:
            self._stream.flush()
            os.fdatasync(self._stream.fileno())
            self._inbox.spool.keep_file(self._command.instance, self._source, self._file)
        except OSError as error:
            self._refuse(_of_disk(error))

    def _too_large(self) -> Reply:
        return Reply(0xA700, f"more than {self._inbox.most_bytes // 10**6} MB are not accepted")

    def _refuse(self, answer: Reply) -> None:
        """Refuse; the first reason stays. The disk is free again at once."""
        self._refusal = self._refusal or answer
        self.drop()


def _of_disk(error: OSError) -> Reply:
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return FULL if is_full else BAD_DISK
