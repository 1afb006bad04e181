"""How two scans belong together: the same positions, the same study, or neither."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

import numpy as np

from ctiqa.diff.matching.pairs import Rule
from ctiqa.errors import DataError
from ctiqa.types import Scan

Match = Literal["auto", "position", "region"]
"""How slices are to be matched."""

SAME_DIRECTION = 0.02
"""Tolerance for direction cosines of the same orientation."""


class Relation(StrEnum):
    """How two scans belong together. The codes never change meaning."""

    SAME_FRAME = "same_frame"
    """They share a frame of reference, so that positions agree."""
    SAME_STUDY = "same_study"
    """They share a study, not a frame of reference."""
    DIFFERENT = "different"
    """They share no UID: different patients, or different examinations of one."""
    UNKNOWN = "unknown"
    """The files hold no UIDs."""


def relation_of(a: Scan, b: Scan) -> Relation:
    """How two scans belong together, from the UIDs of their slices.

    >>> relation_of(Scan("1.2", Path("a"), ()), Scan("1.3", Path("b"), ())).value
    'unknown'
    """
    if _places(a) & _places(b):
        return Relation.SAME_FRAME
    uids = [_uids(a), _uids(b)]
    if not all(uids):
        return Relation.UNKNOWN
    if not uids[0] & uids[1]:
        return Relation.DIFFERENT
    frames = [_frames(a), _frames(b)]
    same_frame = not all(frames) or frames[0] & frames[1]
    return Relation.SAME_FRAME if same_frame else Relation.SAME_STUDY


def rule_for(match: Match, relation: Relation, a: Scan, b: Scan) -> Rule:
    """The rule by which slices are matched.

    Args:
        match: What was asked for.
        relation: How the scans belong together.
        a: Scan A.
        b: Scan B.

    Raises:
        DataError: If positions were asked for, and the slices have none that correspond.
    """
    if match == "region" or (match == "auto" and relation is not Relation.SAME_FRAME):
        return "region"
    if _are_without_positions(a, b) and len(a.headers) == len(b.headers):
        return "order"
    if not (why := _why_no_positions(a, b)):
        return "position"
    if match == "position":
        raise DataError(f"slices cannot be matched by position: {why}; use --match region")
    return "region"


def _why_no_positions(a: Scan, b: Scan) -> str:
    """Why slices of two scans cannot be matched by position; empty if they can."""
    if _are_without_positions(a, b):
        return f"they have none, and there are {len(a.headers)} of A and {len(b.headers)} of B"
    if any(header.z_mm is None for header in (*a.headers, *b.headers)):
        return "not every slice has one"
    one, two = a.headers[0].orientation, b.headers[0].orientation
    if one and two and np.abs(np.subtract(one, two)).max() > SAME_DIRECTION:
        return "the orientations differ"
    return ""


def _are_without_positions(*scans: Scan) -> bool:
    return all(header.z_mm is None for scan in scans for header in scan.headers)


def _places(scan: Scan) -> set[tuple[Path, int]]:
    return {(header.source.file, header.source.frame) for header in scan.headers}


def _uids(scan: Scan) -> set[str]:
    return {uid for header in scan.headers for uid in header.source.study_uids}


def _frames(scan: Scan) -> set[str]:
    """Frames of reference: the second UID, where a file has both."""
    known = (header.source.study_uids for header in scan.headers)
    return {uids[1] for uids in known if len(uids) > 1}
