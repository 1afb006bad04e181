"""The clinical trial of a source, for objects in the same study."""

from __future__ import annotations

from pydicom.dataset import Dataset

SUBJECT_IDS = ("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID")
"""Of these, one at least has a value (PS3.3 C.7.1.3, type 1C)."""

REQUIRED = ("ClinicalTrialSponsorName", "ClinicalTrialProtocolID")
"""Both have a value (type 1)."""

MAY_BE_EMPTY = (
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialTimePointID",
)
"""Required but may be empty (type 2)."""

TRIAL = (*REQUIRED, *SUBJECT_IDS, *MAY_BE_EMPTY)
"""Keywords of the clinical trial of subject and study."""


def keep_complete_trial(study: Dataset) -> None:
    """Keep the clinical trial of a data set if it is valid, and remove all of it if it is not.

    Many images have it with empty IDs, which is an error in a new object.

    Args:
        study: Attributes that have a value; it is changed.

    >>> study = Dataset()
    >>> study.ClinicalTrialSponsorName = "Sponsor"
    >>> keep_complete_trial(study)
    >>> len(study)
    0
    """
    complete = all(keyword in study for keyword in REQUIRED)
    if complete and any(keyword in study for keyword in SUBJECT_IDS):
        for keyword in MAY_BE_EMPTY:
            study.setdefault(keyword, "")
        return
    for keyword in TRIAL:
        if keyword in study:
            delattr(study, keyword)
