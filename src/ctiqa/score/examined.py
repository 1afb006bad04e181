"""What is measured on a slice beside its score, and what that says about the score."""

from __future__ import annotations

import math
from dataclasses import replace

from ctiqa.cards import ModelCard
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.physics.patient.measure import measure_patient
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.score.honesty.flags import honesty_flags
from ctiqa.types import PatientPhysics, Slice, SliceScore

FEWEST, MOST = 4, 8
"""Slices measured of a short and of a long scan."""

ONE_IN = 6
"""In between, one slice in so many is measured: it takes longer than scoring."""


def number_measured(count: int) -> int:
    """How many slices of a scan are measured: all of four, a few more of longer scans.

    Args:
        count: Number of slices of the scan.

    >>> [number_measured(count) for count in (1, 4, 20, 30, 48, 500)]
    [1, 4, 4, 5, 8, 8]
    """
    return min(count, max(FEWEST, min(MOST, math.ceil(count / ONE_IN))))


def is_measured(index: int, count: int) -> bool:
    """Whether a slice of a scan is among those that are measured, evenly spaced along z.

    Args:
        index: Index of the slice in its scan, from 0.
        count: Number of slices of the scan.

    >>> [index for index in range(48) if is_measured(index, 48)]
    [3, 9, 15, 21, 27, 33, 39, 45]
    """
    number = number_measured(count)
    return any(index == int((k + 0.5) * count / number) for k in range(number))


def examined(verdict: SliceScore, image: Slice, card: ModelCard, *, measure: bool) -> SliceScore:
    """The score of a slice with its physical measures, and flags that say how far to trust it.

    Args:
        verdict: The score by the model; its region says for which methods the slice is valid.
        image: The slice.
        card: Card of the model.
        measure: Whether the slice is measured; without it, flags follow from the answers alone.
    """
    physics, filtered = _measured(verdict, image) if measure else (None, False)
    flags = honesty_flags(verdict, physics, card, filtered=filtered)
    return replace(verdict, physics=physics, flags=(*verdict.flags, *flags))


def physics_of(
    verdict: SliceScore, image: Slice, *, body: BodyOutline | None = None
) -> PatientPhysics:
    """The physical measures of a slice.

    Args:
        verdict: The score; its region says for which methods the slice is valid.
        image: The slice.
        body: Outline of the body, if known already.
    """
    header = image.header
    return measure_patient(
        image.hu, header.spacing_mm, header.acquisition, region=verdict.region, body=body
    )


def _measured(verdict: SliceScore, image: Slice) -> tuple[PatientPhysics, bool]:
    """The measures of a slice, and whether its noise has the texture of a filter."""
    body, spacing_mm = _body(image), image.header.spacing_mm
    physics = physics_of(verdict, image, body=body)
    if verdict.score is None or spacing_mm is None:
        return physics, False
    return physics, is_filtered(image.hu, spacing_mm, body=body)


def _body(image: Slice) -> BodyOutline | None:
    try:
        return find_body(image.hu)
    except NotMeasurableError:
        return None
