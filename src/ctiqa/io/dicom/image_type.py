"""Which DICOM objects are CT slices, as data."""

from __future__ import annotations

from collections.abc import Sequence

from ctiqa.errors import Reason, RefusedError

CT_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2",
        "1.2.840.10008.5.1.4.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.2.2",
    }
)
"""CT, Enhanced CT and Legacy Converted Enhanced CT Image Storage."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary Capture Image Storage; its multi-frame classes start with the same digits."""

DIRECTORY_CLASS = "1.2.840.10008.1.3.10"

LOCALIZER_WORDS = frozenset({"LOCALIZER", "SCOUT", "TOPO", "TOPOGRAM", "SURVIEW", "REF_SURVIEW"})
SCREEN_WORDS = frozenset({"SCREEN SAVE", "PATIENT_INFO", "DOSE_INFO", "PROTOCOL", "SCREENSHOT"})
REFORMAT_WORDS = frozenset({"MPR", "REFORMATTED", "CSA MPR", "CORONAL", "SAGITTAL", "OBLIQUE"})
DERIVED_WORDS = frozenset(
    {
        "CPR",
        "CSA RESAMPLED",
        "CURVED",
        "DENSITY MAP",
        "EFF_Z",
        "FUSED",
        "IODINE",
        "MAX_IP",
        "MAXIMUM",
        "MINIMUM",
        "MIN_IP",
        "MINIP",
        "MIP",
        "PERFUSION",
        "PROJECTION",
        "PROJECTION IMAGE",
        "SUBTRACTION",
        "VOLUME_RENDER",
        "VRT",
    }
)
"""Words of ImageType for pictures computed from slices; their pixels are no reconstruction."""

RECONSTRUCTED_WORDS = frozenset({"AXIAL", "VOLUME"})
"""Third value of ImageType of reconstructed slices (the second one in Enhanced CT)."""

NOT_HU_TYPES = frozenset({"OD", "US", "MGML", "Z_EFF", "ED", "EDW", "PCT"})
"""Values of RescaleType, PS3.3 C.11.1.1.2 (2024), that are something other than HU."""


def check_object(sop_class: str, modality: str | None) -> tuple[str, ...]:
    """Refuse objects that are not CT images.

    Args:
        sop_class: SOP class UID, empty where the file does not say.
        modality: Modality, ``None`` where the file does not say.

    Returns:
        Flags: ``"modality_missing"`` or ``"sop_class_missing"``.

    Raises:
        RefusedError: With ``NOT_CT`` or ``SECONDARY_CAPTURE``.

    >>> check_object("1.2.840.10008.5.1.4.1.1.2", None)
    ('modality_missing',)
    """
    if sop_class == DIRECTORY_CLASS:
        raise RefusedError(
            Reason.NOT_CT, "a DICOMDIR is an index of files; pass the folder that it lies in"
        )
    if modality not in (None, "CT"):
        raise RefusedError(Reason.NOT_CT, f"'Modality' must be CT, got {_shown(modality)}")
    if sop_class == SECONDARY_CAPTURE or sop_class.startswith(f"{SECONDARY_CAPTURE}."):
        raise RefusedError(
            Reason.SECONDARY_CAPTURE, "a secondary capture (screenshot or scan of a film)"
        )
    if sop_class and sop_class not in CT_CLASSES:
        raise RefusedError(Reason.NOT_CT, "'SOPClassUID' names no CT image storage class")
    if not sop_class and modality is None:
        raise RefusedError(
            Reason.NOT_CT, "neither 'SOPClassUID' nor 'Modality' says that this is a CT image"
        )
    return _missing(sop_class, modality)


def check_image_type(words: Sequence[str], *, allow_reformats: bool) -> tuple[str, ...]:
    """Refuse localizers and pictures computed from slices.

    A copy whose first value is DERIVED only because it was compressed is still a slice.

    Args:
        words: Values of ImageType, or of FrameType in Enhanced CT.
        allow_reformats: Let reformats pass.

    Returns:
        Flags: ``"derived"``, ``"reformat"`` or ``"image_type_missing"``.

    Raises:
        RefusedError: With ``LOCALIZER``, ``SECONDARY_CAPTURE`` or ``DERIVED``.

    >>> check_image_type(["DERIVED", "SECONDARY", "AXIAL"], allow_reformats=False)
    ('derived',)
    >>> check_image_type(["DERIVED", "PRIMARY", "PERFUSION"], allow_reformats=True)
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: 'ImageType' says PERFUSION: not a reconstructed slice
    """
    found = [word.strip().upper() for word in words]
    if not any(found):
        return ("image_type_missing",)
    for reason, refused in _refused_words(allow_reformats=allow_reformats):
        for word in found:
            if word in refused:
                raise RefusedError(reason, f"'ImageType' says {word}: not a reconstructed slice")
    flags = ("reformat",) if REFORMAT_WORDS.intersection(found) else ()
    if found[0] != "DERIVED":
        return flags
    if not flags and not RECONSTRUCTED_WORDS.intersection(found[2:]):
        raise RefusedError(
            Reason.DERIVED,
            "'ImageType' says DERIVED and its third value is neither AXIAL nor VOLUME",
        )
    return ("derived", *flags)


def check_rescale_type(kind: str | None) -> None:
    """Refuse quantities other than HU; a missing or misspelt type passes.

    Raises:
        RefusedError: With ``NOT_HU``.

    >>> check_rescale_type("Houndsfield Unit")
    """
    if kind is not None and kind.upper() in NOT_HU_TYPES:
        raise RefusedError(Reason.NOT_HU, f"'RescaleType' must be HU, got {kind.upper()}")


def _refused_words(*, allow_reformats: bool) -> list[tuple[Reason, frozenset[str]]]:
    reformats = [] if allow_reformats else [(Reason.DERIVED, REFORMAT_WORDS)]
    return [
        (Reason.LOCALIZER, LOCALIZER_WORDS),
        (Reason.SECONDARY_CAPTURE, SCREEN_WORDS),
        (Reason.DERIVED, DERIVED_WORDS),
        *reformats,
    ]


def _missing(sop_class: str, modality: str | None) -> tuple[str, ...]:
    if not sop_class:
        return ("sop_class_missing",)
    return ("modality_missing",) if modality is None else ()


def _shown(modality: str | None) -> str:
    """A modality fit for a message: free text in the wrong tag could name the patient."""
    code = modality or ""
    return code if code.isalnum() and len(code) <= 8 and code.isupper() else "something else"
