"""Tube current-time product of a slice, if the file does not contradict itself.

Vendors fill in *Exposure* (0018,1152) in two ways: as tube current × exposure time, or as that
divided by the pitch of a helical scan (effective mAs). Both are read. A value that neither
explains, such as one in another unit, would be wrong by an unknown factor and is dropped.
"""

from __future__ import annotations

from ctiqa.io.dicom.tags import Tags

PITCHES = (0.15, 3.5)
"""Lowest and highest pitch of clinical scanners: gated heart scans, two tubes."""

TOLERANCE = 1.3
"""Factor by which mAs may differ where the pitch is stated: tube current modulation makes the mean
over the rotation differ from the value of the slice."""

ROUNDING_MAS = 1.0
"""Rounding error allowed: *Exposure* and *XRayTubeCurrent* are integers."""


def exposure_mas(tags: Tags) -> float | None:
    """Exposure in mAs; ``None`` if the file does not state it, or contradicts it."""
    stated_mas = _stated_mas(tags)
    if stated_mas is None:
        return None
    current_ma = tags.positive("XRayTubeCurrent", "XRayTubeCurrentInmA")
    time_ms = tags.positive("ExposureTime", "ExposureTimeInms")
    if current_ma is None or time_ms is None:
        return stated_mas
    product_mas = current_ma * time_ms / 1000
    return stated_mas if agrees(stated_mas, product_mas, _pitch(tags)) else None


def agrees(stated_mas: float, product_mas: float, pitch: float | None = None) -> bool:
    """Whether a stated exposure can be tube current × time, or that divided by the pitch.

    Args:
        stated_mas: Stated exposure in mAs.
        product_mas: Tube current × exposure time in mAs.
        pitch: Stated pitch; ``None`` if unknown.

    >>> agrees(150, 90.5), agrees(150, 90.5, pitch=0.6), agrees(150, 90.5, pitch=1.4)
    (True, True, False)
    >>> agrees(65, 5.18), agrees(0.15, 150)
    (False, False)
    """
    low, high = sorted((1.0, 1.0 / pitch)) if pitch else (1 / PITCHES[1], 1 / PITCHES[0])
    slack = TOLERANCE if pitch else 1.0
    least, most = product_mas * low / slack, product_mas * high * slack
    return least - ROUNDING_MAS <= stated_mas <= most + ROUNDING_MAS


def _stated_mas(tags: Tags) -> float | None:
    stated_mas = tags.positive("Exposure", "ExposureInmAs")
    if stated_mas is not None:
        return stated_mas
    stated_uas = tags.positive("ExposureInuAs")
    return None if stated_uas is None else stated_uas / 1000


def _pitch(tags: Tags) -> float | None:
    """The stated pitch; one that no scanner has counts as unknown."""
    pitch = tags.positive("SpiralPitchFactor")
    return pitch if pitch is not None and PITCHES[0] <= pitch <= PITCHES[1] else None
