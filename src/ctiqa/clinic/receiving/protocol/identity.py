"""What a data set says it is, read from its first bytes."""

from __future__ import annotations

import zlib
from io import BytesIO

from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from ctiqa.errors import RefusedError
from ctiqa.io.silence import foreign

HEAD_BYTES = 1 << 16
"""So much of a data set is enough: only a few elements come before its UIDs."""

SOP_CLASS, INSTANCE = BaseTag(0x00080016), BaseTag(0x00080018)


def identity(head: bytes, transfer_syntax: str) -> tuple[str, str] | None:
    r"""SOP Class UID and SOP Instance UID of a data set.

    Args:
        head: Its first :data:`HEAD_BYTES`.
        transfer_syntax: How it is encoded.

    Returns:
        Both; one that is missing is empty. ``None`` if it has neither, or is no data set.

    >>> element = b"\x08\0\x16\0UI\x04\x001.2\0" + b"\x08\0\x18\0UI\x04\x001.3\0"
    >>> identity(element, "1.2.840.10008.1.2.1"), identity(b"something", "1.2.840.10008.1.2.1")
    (('1.2', '1.3'), None)
    """
    syntax = UID(transfer_syntax)
    try:
        with foreign("the data set"):
            if syntax.is_deflated:
                head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, HEAD_BYTES)
            data = read_dataset(
                BytesIO(head),
                _is_implicit(head, syntax),
                syntax.is_little_endian,
                stop_when=lambda tag, _vr, _length: tag > INSTANCE,
            )
            found = _text(data.get_item(SOP_CLASS)), _text(data.get_item(INSTANCE))
    except RefusedError:
        return None
    return found if any(found) else None


def _is_implicit(head: bytes, syntax: UID) -> bool:
    """Whether elements have no VR: some senders do not do as they have said."""
    return syntax.is_implicit_VR and not (head[4:6].isalpha() and head[4:6].isupper())


def _text(element: object) -> str:
    value = getattr(element, "value", None) or b""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip("\0 ")
