"""The codes of the objects: standard ones where they exist, those of ctiqa elsewhere.

Schemes: ``DCM`` (DICOM PS3.16), ``SCT`` (SNOMED CT), ``LN`` (LOINC), ``UCUM`` (units) and
``99CTIQA``, a private scheme as PS3.16, chapter 8, demands: its designator starts with 99. There is
no standard code for a score from 0 to 4 without reference image.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ctiqa.score.verdict import ABSTENTIONS

SCHEME = "99CTIQA"
"""Designator of the codes of ctiqa."""

SCHEME_VERSION = "1"
"""Incremented whenever a code of ctiqa changes its meaning; so far none has."""


class Coded(NamedTuple):
    """A code.

    Attributes:
        value: Code value, unique in its scheme.
        scheme: Coding scheme designator.
        meaning: Text for a reader.
    """

    value: str
    scheme: str
    meaning: str


def own(value: str, meaning: str) -> Coded:
    """A code of ctiqa.

    >>> own("score", "Score").scheme
    '99CTIQA'
    """
    return Coded(value, SCHEME, meaning)


REPORT = Coded("126000", "DCM", "Imaging Measurement Report")
PROCEDURE = Coded("25045-6", "LN", "CT unspecified body region")
IMAGE_QUALITY = Coded("111101", "DCM", "Image Quality")
SERIES_UID = Coded("112002", "DCM", "Series Instance UID")
COMMENT = Coded("121106", "DCM", "Comment")

SCORE = own("score", "Image quality score, 0 bad to 4 excellent")
SCORE_LOW = own("score-low", "Lower limit of the 90 % prediction interval of the score")
SCORE_HIGH = own("score-high", "Upper limit of the 90 % prediction interval of the score")
RATING = Coded("111029", "DCM", "Image Quality Rating")
NOISE = own("eq-noise", "Equivalent noise")
NOISE_LOW = own("eq-noise-low", "Lower limit of the 90 % prediction interval of eq. noise")
NOISE_HIGH = own("eq-noise-high", "Upper limit of the 90 % prediction interval of eq. noise")
RESERVE = own("reserve", "Dose at which the score would be 3, relative to this dose")
RESERVE_LOW = own("reserve-low", "Lower limit of the interval of the relative dose")
RESERVE_HIGH = own("reserve-high", "Upper limit of the interval of the relative dose")
ATTENUATION = Coded("112031", "DCM", "Attenuation Coefficient")
SHARPNESS = own("f50", "Sharpness f50: frequency at which the MTF is 0.5")
DIAMETER = Coded("113980", "DCM", "Water Equivalent Diameter")
CTDIVOL = Coded("113830", "DCM", "Mean CTDIvol")
SSDE = Coded("113930", "DCM", "Size Specific Dose Estimate")
JUDGED = own("judged", "Slices with a score")
UNJUDGED = own("unjudged", "Slices without a score")
SLICE_COUNT = own("slices", "Number of slices")

GLOBAL_NOISE = own("global-noise", "Global noise level of soft tissue")
BY_DIAMETER = Coded("113988", "DCM", "Estimated from Water Equivalent Diameter")
"""Methods."""

MEAN = Coded("373098007", "SCT", "Mean")
MEDIAN = Coded("373099004", "SCT", "Median")
MINIMUM = Coded("255605001", "SCT", "Minimum")
MAXIMUM = Coded("56851009", "SCT", "Maximum")
DEVIATION = Coded("386136009", "SCT", "Standard Deviation")
"""Derivations."""

OF_SCORE = Coded("{0:4}", "UCUM", "range:0:4")
OF_RATING = Coded("{0:100}", "UCUM", "range:0:100")
HOUNSFIELD = Coded("[hnsf'U]", "UCUM", "Hounsfield unit")
RATIO = Coded("1", "UCUM", "no units")
PER_MM = Coded("/mm", "UCUM", "per millimeter")
MM = Coded("mm", "UCUM", "mm")
MGY = Coded("mGy", "UCUM", "mGy")
SLICES = Coded("{slices}", "UCUM", "slices")
"""Units; the ranges are written as in TID 4014."""

QUALITY = Coded("130550", "DCM", "Imaging Series Quality")
REGION = own("body-region", "Body region shown")
FINDING = own("finding", "Finding of image quality")
FLAG = own("flag", "Note on the score")
UNSCORED = own("not-scored", "Reason for no score")
PHANTOM = Coded("113835", "DCM", "CTDIw Phantom Type")
"""Names of coded answers."""

WORST = own("worst", "Slice with the lowest score")
MIDDLE = own("median", "Slice with the median score")
BEST = own("best", "Slice with the highest score")
"""Names of references to images."""

QUALITY_WORDS = {
    "excellent": Coded("122740", "DCM", "Excellent image quality"),
    "good": Coded("122741", "DCM", "Good image quality"),
    "fair": own("fair", "Fair image quality"),
    "poor": Coded("122742", "DCM", "Poor image quality"),
    "bad": own("bad", "Bad image quality"),
}
"""The words of the scale; CID 3114 has three of them."""

REGIONS = {
    "head": Coded("69536005", "SCT", "Head"),
    "neck": Coded("45048000", "SCT", "Neck"),
    "chest": Coded("816094009", "SCT", "Chest"),
    "abdomen": Coded("818981001", "SCT", "Abdomen"),
    "pelvis": Coded("816092008", "SCT", "Pelvis"),
    "limb": Coded("66019005", "SCT", "Extremity"),
    "phantom": Coded("706342009", "SCT", "Phantom"),
}
"""Regions that models name."""

PHANTOMS = {
    16.0: Coded("113690", "DCM", "IEC Head Dosimetry Phantom"),
    32.0: Coded("113691", "DCM", "IEC Body Dosimetry Phantom"),
}
"""Phantoms of CTDIvol by diameter in cm."""

REASONS_FOR_NO_SCORE = {flag: own(flag, text) for flag, text in ABSTENTIONS.items()}
"""Why a slice has no score, by its flag."""


def region_code(name: str) -> Coded:
    """The code of a region; of ctiqa for one that has no standard code.

    >>> region_code("chest").scheme, region_code("left ear").value
    ('SCT', 'left-ear')
    """
    return REGIONS.get(name) or own(slug(name), name.capitalize())


def finding_code(name: str) -> Coded:
    """The code of a finding of a model.

    >>> finding_code("beam hardening")
    Coded(value='beam-hardening', scheme='99CTIQA', meaning='Beam hardening')
    """
    return own(slug(name), name.capitalize())


def slug(name: str) -> str:
    """A name as a code value.

    >>> slug("sharp kernel"), slug("artefact:metal")
    ('sharp-kernel', 'artefact-metal')
    """
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") or "other"
