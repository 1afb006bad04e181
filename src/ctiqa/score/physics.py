"""Physical measures of the slices of a scan, sampled along z."""

from __future__ import annotations

from dataclasses import replace

from ctiqa.types import Slice, SliceScore

MEASURED = 12
"""Slices measured per scan: measuring takes about as long as scoring, and z varies slowly."""


def is_measured(index: int, count: int) -> bool:
    """Whether a slice of a scan is among those that are measured, evenly spaced along z.

    Args:
        index: Index of the slice in its scan, from 0.
        count: Number of slices of the scan.

    >>> [index for index in range(48) if is_measured(index, 48)]
    [2, 6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46]
    >>> all(is_measured(index, 5) for index in range(5))
    True
    """
    return count <= MEASURED or index in _chosen(count)


def _chosen(count: int) -> frozenset[int]:
    width = count / MEASURED
    return frozenset(int((k + 0.5) * width) for k in range(MEASURED))


def with_physics(verdict: SliceScore, image: Slice) -> SliceScore:
    """The score of a slice with its physical measures.

    Args:
        verdict: The score; its region says for which methods the slice is valid.
        image: The slice.
    """
    from ctiqa.physics.patient.measure import measure_patient  # noqa: PLC0415 - slow to load

    header = image.header
    found = measure_patient(image.hu, header.spacing_mm, header.acquisition, region=verdict.region)
    return replace(verdict, physics=found)
