"""Reproducible UIDs."""

from __future__ import annotations

from pydicom.uid import generate_uid


def derived_uid(*parts: object) -> str:
    """A UID that depends only on its parts, so that repeated runs give the same UIDs.

    A hash below the root of pydicom (DICOM PS3.5, 9.1).

    Args:
        parts: Identifying parts, such as recipe, source series and dose; their order matters.

    Returns:
        UID of at most 64 characters.

    >>> derived_uid("recipe", "series", 0.5) == derived_uid("recipe", "series", 0.5)
    True
    >>> derived_uid("ab", "c") == derived_uid("a", "bc")
    False
    """
    # As strings, because repr differs between NumPy and Python numbers.
    named = repr([str(part) for part in parts])
    return str(generate_uid(entropy_srcs=[named]))
