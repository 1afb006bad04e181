"""What is measured on a slice beside its score, and what that says about the score."""

from __future__ import annotations

from dataclasses import replace

from ctiqa.cards import ModelCard
from ctiqa.score.honesty.flags import honesty_flags
from ctiqa.types import PatientPhysics, Slice, SliceScore

MEASURED = 8
"""Slices measured per scan: measuring takes longer than scoring, and varies slowly along z."""


def is_measured(index: int, count: int) -> bool:
    """Whether a slice of a scan is among those that are measured, evenly spaced along z.

    Args:
        index: Index of the slice in its scan, from 0.
        count: Number of slices of the scan.

    >>> [index for index in range(48) if is_measured(index, 48)]
    [3, 9, 15, 21, 27, 33, 39, 45]
    >>> all(is_measured(index, 5) for index in range(5))
    True
    """
    return count <= MEASURED or index in _chosen(count)


def examined(verdict: SliceScore, image: Slice, card: ModelCard, *, measure: bool) -> SliceScore:
    """The score of a slice with its physical measures, and flags that say how far to trust it.

    Args:
        verdict: The score by the model; its region says for which methods the slice is valid.
        image: The slice.
        card: Card of the model.
        measure: Whether the slice is measured; without it, flags follow from the answers alone.
    """
    physics, filtered = None, False
    if measure:
        physics, filtered = physics_of(verdict, image), _is_filtered(verdict, image)
    flags = honesty_flags(verdict, physics, card, filtered=filtered)
    return replace(verdict, physics=physics, flags=(*verdict.flags, *flags))


def _chosen(count: int) -> frozenset[int]:
    width = count / MEASURED
    return frozenset(int((k + 0.5) * width) for k in range(MEASURED))


def physics_of(verdict: SliceScore, image: Slice) -> PatientPhysics:
    """The physical measures of a slice.

    Args:
        verdict: The score; its region says for which methods the slice is valid.
        image: The slice.
    """
    from ctiqa.physics.patient.measure import measure_patient  # noqa: PLC0415 - slow to load

    header = image.header
    return measure_patient(image.hu, header.spacing_mm, header.acquisition, region=verdict.region)


def _is_filtered(verdict: SliceScore, image: Slice) -> bool:
    """Whether the noise has the texture of a filter; False if that is unknown."""
    from ctiqa.physics.patient.filtered import is_filtered  # noqa: PLC0415 - slow to load

    spacing_mm = image.header.spacing_mm
    if verdict.score is None or spacing_mm is None:
        return False
    return is_filtered(image.hu, spacing_mm)
