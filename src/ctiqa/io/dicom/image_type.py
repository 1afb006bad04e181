"""Tables and rules for which DICOM objects are CT slices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

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
"""Secondary Capture Image Storage; the UIDs of its multi-frame classes start the same way."""

WORDS_AND_NUMBERS = re.compile(r"[A-Z]+|[0-9]+")

DIRECTORY_CLASS = "1.2.840.10008.1.3.10"

LOCALIZER_WORDS = ("LOCALIZER", "SCOUT", "TOPO", "TOPOGRAM", "SURVIEW", "SCANOGRAM", "PILOT")

SCREEN_WORDS = (
    "SCREEN SAVE",
    "SCREENSHOT",
    "SCREEN CAPTURE",
    "PATIENT_INFO",
    "DOSE_INFO",
    "DOSE REPORT",
    "PROTOCOL",
)

REFORMAT_WORDS = (
    "MPR",
    "MPVR",
    "REFORMAT",
    "REFORMATTED",
    "CORONAL",
    "SAGITTAL",
    "OBLIQUE",
    "RESAMPLED",
)

PROJECTION_WORDS = (
    "CPR",
    "CURVED",
    "CURVED_MPR",
    "MIP",
    "MAXIP",
    "MAX_IP",
    "MAXIMUM",
    "MINIP",
    "MIN_IP",
    "MINIMUM",
    "PROJECTION",
    "RENDER",
    "SSD",
    "SURFACE_RENDER",
    "VOLUME_RENDER",
    "VR",
    "VRT",
)
"""Projections through several slices, and surface renderings; includes the values of Volume Based
Calculation Technique, PS3.3 C.8.16.2.1.3."""

COMBINED_WORDS = (
    "ADDITION",
    "AVERAGE",
    "AVERAGED",
    "AVG",
    "AVE IP",
    "AVGIP",
    "DIVISION",
    "FUSED",
    "FUSION",
    "MASKED",
    "MEAN",
    "MEDIAN",
    "MULTIPLICATION",
    "STD_DEVIATION",
    "SUBTRACTED",
    "SUBTRACTION",
    "SUM",
    "T_TEST",
    "TMIP",
    "TAVG",
    "Z_SCORE",
)
"""Images calculated pixel by pixel from others; Derived Pixel Contrast, PS3.3 C.8.16.1.4."""

MAP_WORDS = (
    "BLOOD FLOW",
    "BLOOD VOLUME",
    "CBF",
    "CBV",
    "DENSITY MAP",
    "MTT",
    "PARAMETRIC",
    "PARAMETER MAP",
    "PBV",
    "PERFUSION",
    "PERMEABILITY",
    "QUANTITY",
    "RCBF",
    "RCBV",
    "RMTT",
    "TMAX",
    "TTD",
    "TTP",
)
"""Maps of perfusion and other quantities."""

MATERIAL_WORDS = (
    "EFF_ATOMIC_NUM",
    "EFF_Z",
    "ELECTRON_DENSITY",
    "IODINE",
    "MAT_FRACTIONAL",
    "MAT_MODIFIED",
    "MAT_REMOVED",
    "MAT_SPECIFIC",
    "MAT_VALUE_BASED",
    "RHO",
    "URIC ACID",
    "VNC",
    "VIRTUAL NON CONTRAST",
    "VUE",
    "Z_EFF",
    "ZEFF",
    "DENSITY",
)
"""Material decomposition from dual energy; terms of PS3.3 C.8.2.1.1.1 (Supplement 188, 2018), and
older vendor terms."""

MONOENERGETIC_WORDS = ("VMI", "MONOENERGETIC", "MONOCHROMATIC", "MONO_E", "MONO", "KEV")
"""Virtual monoenergetic images: HU, but not of a polychromatic X-ray tube."""

RECONSTRUCTED_WORDS = frozenset({"AXIAL", "VOLUME"})
"""Third value of ImageType of reconstructed slices (second value in Enhanced CT)."""

HU_TYPES = re.compile(r"\W*(H\W*U|HO[A-Z]*F[A-Z]*(\W*UNITS?)?)\W*", re.IGNORECASE)
"""Spellings of Hounsfield units."""

UNIT = re.compile(r"[A-Z0-9%/._]{1,16}")
"""Units that may appear in a message; free text in their place could name the patient."""

OTHER_HU_TYPES = {"US": (), "UNSPECIFIED": (), "HU_MOD": ("hu_modified",)}
"""Values of RescaleType that may also be HU, with their flags (PS3.3 C.11.1.1.2, 2024):
unspecified, which most libraries write for HU, and HU with a modified material."""


def check_object(sop_class: str, modality: str | None) -> tuple[str, ...]:
    """Refuse objects that are not CT images.

    Args:
        sop_class: SOP class UID, empty if not specified.
        modality: Modality, ``None`` if not specified.

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
        raise RefusedError(Reason.NOT_CT, "'SOPClassUID' is not a CT image storage class")
    if not sop_class and modality is None:
        raise RefusedError(
            Reason.NOT_CT, "neither 'SOPClassUID' nor 'Modality' says that this is a CT image"
        )
    return _missing(sop_class, modality)


def check_image_type(words: Sequence[str], *, allow_reformats: bool) -> tuple[str, ...]:
    """Refuse localizers and images computed from slices.

    A slice whose first value is DERIVED only because it was compressed is accepted.

    Args:
        words: Values of ImageType, or of FrameType in Enhanced CT. A term counts in any value, also
            as part of it.
        allow_reformats: Accept reformats.

    Returns:
        Flags: ``"derived"``, ``"reformat"``, ``"monoenergetic"`` or ``"image_type_missing"``.

    Raises:
        RefusedError: With ``LOCALIZER``, ``SECONDARY_CAPTURE`` or ``DERIVED``.

    >>> check_image_type(["DERIVED", "SECONDARY", "AXIAL"], allow_reformats=False)
    ('derived',)
    >>> check_image_type(["DERIVED", "PRIMARY", "PERFUSION"], allow_reformats=True)
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: 'ImageType' says PERFUSION: not a reconstructed slice
    """
    found = [spelt(word) for word in words]
    if not any(found):
        return ("image_type_missing",)
    for reason, terms in _refused_terms(allow_reformats=allow_reformats):
        if (term := _first_in(found, terms)) is not None:
            raise RefusedError(reason, f"'ImageType' says {term}: not a reconstructed slice")
    flags = (
        *(["reformat"] if _first_in(found, REFORMAT_WORDS) else ()),
        *(["monoenergetic"] if _first_in(found, MONOENERGETIC_WORDS) else ()),
    )
    if found[0] != "DERIVED":
        return flags
    if "reformat" not in flags and not RECONSTRUCTED_WORDS.intersection(found[2:]):
        raise RefusedError(
            Reason.DERIVED,
            "'ImageType' says DERIVED and its third value is neither AXIAL nor VOLUME",
        )
    return ("derived", *flags)


@lru_cache(maxsize=1024)
def spelt(text: str) -> str:
    """Split a value of ImageType into words; vendors join them with software names and numbers.

    >>> spelt("CT_SOM5 MIP"), spelt("MPR/1"), spelt("mip-5mm")
    ('CT SOM 5 MIP', 'MPR 1', 'MIP 5 MM')
    """
    return " ".join(WORDS_AND_NUMBERS.findall(text.upper()))


def check_rescale_type(kind: str | None) -> tuple[str, ...]:
    """Refuse quantities other than HU.

    Args:
        kind: RescaleType; ``None`` if not specified.

    Returns:
        Flags: ``"hu_modified"``.

    Raises:
        RefusedError: With ``NOT_HU``.

    >>> check_rescale_type("Houndsfield Unit")
    ()
    >>> check_rescale_type("mg/ml")
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: 'RescaleType' must be HU, got MG/ML
    """
    if kind is None or HU_TYPES.fullmatch(kind):
        return ()
    word = kind.strip().upper()
    if word not in OTHER_HU_TYPES:
        unit = word if UNIT.fullmatch(word) else "something else"
        raise RefusedError(Reason.NOT_HU, f"'RescaleType' must be HU, got {unit}")
    return OTHER_HU_TYPES[word]


def _refused_terms(*, allow_reformats: bool) -> list[tuple[Reason, Sequence[str]]]:
    reformats = [] if allow_reformats else [(Reason.DERIVED, REFORMAT_WORDS)]
    return [
        (Reason.LOCALIZER, LOCALIZER_WORDS),
        (Reason.SECONDARY_CAPTURE, SCREEN_WORDS),
        (Reason.DERIVED, PROJECTION_WORDS),
        (Reason.DERIVED, COMBINED_WORDS),
        (Reason.DERIVED, MAP_WORDS),
        (Reason.DERIVED, MATERIAL_WORDS),
        *reformats,
    ]


def _first_in(found: Sequence[str], terms: Sequence[str]) -> str | None:
    """The first term contained, as whole words, in one of the values."""
    text = f" {' | '.join(found)} "
    return next((term for term in terms if f" {spelt(term)} " in text), None)


def _missing(sop_class: str, modality: str | None) -> tuple[str, ...]:
    if not sop_class:
        return ("sop_class_missing",)
    return ("modality_missing",) if modality is None else ()


def _shown(modality: str | None) -> str:
    """A modality that is safe in a message; free text in the wrong tag could name the patient."""
    code = modality or ""
    return code if code.isalnum() and len(code) <= 8 and code.isupper() else "something else"
