"""pydicom as ctiqa's own processes load it: without GDCM until a file needs it.

pydicom loads every decoder that is installed. GDCM, which decodes few files, takes a third of
that time. In a process of its own, the command line or a worker, ctiqa hides GDCM while pydicom is
loaded, and gives pydicom a decoder of the same name that loads GDCM when it is first used. A
program that imports ctiqa keeps its pydicom as it is.
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
"""All kinds of JPEG begin with it, among them all that GDCM decodes."""


class _Owner:
    """Whose process this is."""

    is_ctiqa = False


def claim_process() -> None:
    """Say that this process is ctiqa's own."""
    _Owner.is_ctiqa = True


def load_pydicom() -> None:
    """Load pydicom, where it is not loaded yet: without what opens sockets, or takes long.

    It loads ``requests``, where that is installed, to download its examples, which opens a socket
    to see whether there is IPv6; without it pydicom downloads by the standard library. GDCM is
    left out where the process is ctiqa's own.
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
    """What pydicom asks a decoder: whether it can decode a transfer syntax.

    >>> is_available("1.2.840.10008.1.2.4.70"), is_available("1.2.840.10008.1.2.5")
    (True, False)
    """
    return uid.startswith(FAMILY)


def decode_late(code: bytes, runner: Any) -> bytes | bytearray:
    """Decode a frame as pydicom's own plugin for GDCM does, which now gets GDCM.

    Args:
        code: The compressed frame.
        runner: pydicom's description of it.
    """
    plugin = import_module(GDCM_PLUGIN)
    if not plugin.HAVE_GDCM:
        reload(plugin)
    decoded: bytes | bytearray = plugin._decode_frame(code, runner)
    return decoded
