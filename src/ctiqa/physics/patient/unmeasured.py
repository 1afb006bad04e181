"""Why a quantity has no value."""

from __future__ import annotations

from enum import StrEnum

from ctiqa.errors import CtiqaError


class Unmeasured(StrEnum):
    """Why a quantity cannot be measured on a slice. The codes never change meaning."""

    NO_SPACING = "no_spacing"
    """The pixel spacing is unknown."""
    NO_BODY = "no_body"
    """The slice shows no body."""
    BODY_CUT_OFF = "body_cut_off"
    """Too much of the outline is cut off by the field of view."""
    NO_TISSUE = "no_tissue"
    """Too little soft tissue."""
    NO_UNIFORM_TISSUE = "no_uniform_tissue"
    """Too few regions of soft tissue without structure."""
    NO_EDGE = "no_edge"
    """Too little skin that borders on air and is smooth."""
    NO_FAT = "no_fat"
    """The histogram has no peak of fat."""
    NO_MUSCLE = "no_muscle"
    """The histogram has no peak of muscle."""
    NO_NOISE = "no_noise"
    """The noise is zero or has not been measured."""
    NO_CTDIVOL = "no_ctdivol"
    """CTDIvol is unknown."""
    PHANTOM_UNKNOWN = "phantom_unknown"
    """The phantom of CTDIvol, 16 or 32 cm, is not stated."""
    SIZE_OUT_OF_RANGE = "size_out_of_range"
    """The patient is smaller or larger than the conversion factors cover."""
    NOT_TRUNK = "not_trunk"
    """The slice shows a head or limb, for which the method is not valid."""


class NotMeasurableError(CtiqaError, ValueError):
    """A quantity cannot be measured on this slice; carries the fixed code of the reason.

    >>> error = NotMeasurableError(Unmeasured.NO_FAT, "too few pixels of -150 to -50 HU")
    >>> error.reason.value, str(error)
    ('no_fat', 'too few pixels of -150 to -50 HU')
    """

    def __init__(self, reason: Unmeasured, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[NotMeasurableError], tuple[Unmeasured, str]]:
        return type(self), (self.reason, self.detail)
