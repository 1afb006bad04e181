"""Load pydicom in ctiqa's own processes without GDCM until a file needs it.

pydicom loads every installed decoder. GDCM, which decodes few files, takes a third of that time.
In its own processes (command line and workers) ctiqa hides GDCM while pydicom is loaded, and
registers a decoder of the same name that loads GDCM on first use. In a program that imports ctiqa,
pydicom is unchanged.
"""

from __future__ import annotations

import sys
from importlib import import_module, reload
from importlib.util import find_spec
from typing import Any

from ctiqa.system.hidden import hidden

GDCM = "gdcm"

REQUESTS = "requests"

GDCM_PLUGIN = "pydicom.pixels.decoders.gdcm"

FAMILY = "1.2.840.10008.1.2.4."
"""UID prefix of all kinds of JPEG, including all that GDCM decodes."""


class _Owner:
    """Owner of this process."""

    is_ctiqa = False


def claim_process() -> None:
    """Mark this process as ctiqa's own."""
    _Owner.is_ctiqa = True


def load_pydicom() -> None:
    """Load pydicom, if not yet loaded, without modules that open sockets or are slow to load.

    pydicom would load ``requests``, if installed, to download its examples, and that opens a socket
    to check for IPv6; without it pydicom uses the standard library. GDCM is left out if the process
    is ctiqa's own.
    """
    if "pydicom" in sys.modules:
        return
    if not _Owner.is_ctiqa or find_spec(GDCM) is None:
        with hidden(REQUESTS):
            import_module("pydicom")
        return
    with hidden(GDCM, REQUESTS):
        decoders = import_module("pydicom.pixels.decoders.base")
    for syntax in import_module(GDCM_PLUGIN).DECODER_DEPENDENCIES:
        decoder = decoders.get_decoder(syntax)
        decoder.remove_plugin(GDCM)
        decoder.add_plugin(GDCM, (__name__, decode_late.__name__))


def is_available(uid: str) -> bool:
    """Part of pydicom's decoder interface: whether a transfer syntax can be decoded.

    >>> is_available("1.2.840.10008.1.2.4.70"), is_available("1.2.840.10008.1.2.5")
    (True, False)
    """
    return uid.startswith(FAMILY)


def decode_late(code: bytes, runner: Any) -> bytes | bytearray:
    """Decode a frame with pydicom's own plugin for GDCM, which is loaded now.

    Args:
        code: The compressed frame.
        runner: pydicom's description of it.
    """
    plugin = import_module(GDCM_PLUGIN)
    if not plugin.HAVE_GDCM:
        reload(plugin)
    decoded: bytes | bytearray = plugin._decode_frame(code, runner)
    return decoded
