"""Whether a slice shows the trunk, for which factors of size and dose were measured."""

from __future__ import annotations

import re

from ctiqa.physics.patient.body import BodyOutline
from ctiqa.physics.patient.morphology import dilated, filled

TRUNK = frozenset({"chest", "abdomen", "pelvis"})
"""Regions of the trunk."""

BONE_HU = 250.0
"""Mean of a block of bone."""

SKULL_SHARE = 0.4
"""Share of the body that a closed ring of bone must enclose to be a skull."""

_OTHER_PARTS = re.compile(
    r"HEAD|SKULL|BRAIN|SINUS|ORBIT|FACE|JAW|NECK|C-?SPINE|CSPINE|EXTREM|ARM|ELBOW|WRIST|HAND|"
    r"FINGER|LEG|THIGH|KNEE|CALF|ANKLE|FOOT|TOE"
)
"""Parts of the body in DICOM's terms that are not the trunk."""


def has_skull(body: BodyOutline) -> bool:
    """Whether a closed ring of bone encloses most of the body, as in the upper head."""
    ring = dilated(body.trunk & (body.mean_hu > BONE_HU))
    return float((filled(ring) & ~ring).sum()) > SKULL_SHARE * float(body.trunk.sum())


def is_trunk(region: str | None, body_part: str | None) -> bool:
    """Whether a slice is said to show chest, abdomen or pelvis; where nothing is said, it is.

    Args:
        region: What the slice shows, as a model says; ``None`` if unknown.
        body_part: Body part that the file states; ``None`` if it states none.

    >>> is_trunk("limb", "ABDOMEN"), is_trunk(None, "CHEST"), is_trunk(None, "CSPINE")
    (False, True, False)
    """
    if region is not None:
        return region in TRUNK
    return body_part is None or _OTHER_PARTS.search(body_part.upper()) is None
