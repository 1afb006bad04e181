"""Transfer syntaxes: which are decoded, and which are lossy."""

from __future__ import annotations

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

NATIVE_SYNTAXES = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG})

JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"

JPEG_12_BIT = frozenset({JPEG_EXTENDED, "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"})
"""Lossy 12-bit JPEG: extended, spectral selection (retired), full progression (retired)."""

ALWAYS_LOSSY = JPEG_12_BIT | {"1.2.840.10008.1.2.4.50"}

MAYBE_LOSSY = frozenset(
    {"1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"}
)
"""JPEG-LS near-lossless, JPEG 2000 and HTJ2K, which may also be lossless."""

LOSSLESS = frozenset(
    {
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.5",
    }
)
"""JPEG lossless (two kinds), JPEG-LS, JPEG 2000, HTJ2K (two kinds), RLE."""

RLE = "1.2.840.10008.1.2.5"


def is_native(transfer_syntax: str) -> bool:
    """Whether pixels are uncompressed.

    >>> is_native("1.2.840.10008.1.2.1")
    True
    """
    return transfer_syntax in NATIVE_SYNTAXES


def is_decoded(transfer_syntax: str) -> bool:
    """Whether ctiqa can decompress pixels."""
    return transfer_syntax in ALWAYS_LOSSY | MAYBE_LOSSY | LOSSLESS


def is_lossy(transfer_syntax: str, declared: str | None) -> bool:
    """Whether pixels have been lossy compressed.

    Args:
        transfer_syntax: Transfer syntax UID.
        declared: LossyImageCompression, ``"00"`` or ``"01"``, or ``None`` if absent.

    >>> is_lossy("1.2.840.10008.1.2.4.91", "00")
    False
    """
    if declared == "01" or transfer_syntax in ALWAYS_LOSSY:
        return True
    return transfer_syntax in MAYBE_LOSSY and declared != "00"
