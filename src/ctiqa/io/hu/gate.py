"""Decide from the numbers alone whether they can be CT numbers in HU.

A file can claim HU and contain something else: pixels before the rescale, a display image, a
normalised tensor. HU have landmarks that reveal this: air is near -1000, soft tissue and fat are
within 200 HU of water, only bone and metal are higher, and only padding is lower than air. Each
rule checks one landmark. No rule requires air, because a field of view may lie within the body.
``tools/measure_hu_gate.py`` measures the detection and false refusal rates of the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import BODY_THRESHOLD_HU, PADDING_HU, PLAUSIBLE_HU
from ctiqa.io.hu.histogram import Histogram
from ctiqa.io.hu.padding import without_padding

_Values = npt.NDArray[Any]

AIR_RANGE_HU = (-1150, -850)
"""Range of air, including noise, scatter and partial volume."""

TOO_LOW_SHARE, NOISE_TAIL = 0.01, 0.4
"""Fraction of pixels that may be below air, of all pixels or relative to air: the noise tail."""

FAR_TOO_LOW_HU, BLENDED_SHARE = -1500, 0.05
"""Noise does not reach this low; resampled padding occupies no larger fraction."""

BODY_SHARE = 0.01
"""Minimum fraction of tissue; with less a slice is not scored anyway."""

NARROWEST_HU = 25
"""Minimum span of values; noise alone exceeds it, even in water."""

BRAIN_HU, BRAIN_SHARE = (-100, 150), 0.9
"""A low-noise brain that fills the image may lack values below 0; nearly all are in this range."""

BRAIN_MEDIAN_HU = 20
"""Half of a brain is above this; half of a picture with a dark background is not."""

PICTURE_TOP = 255
"""Highest value of a picture of 8 bits; a dark one is distributed like a brain."""

METAL_HU, METAL_SHARE = 2000, 0.1
"""More metal than in any patient."""

BONE_HU, DENSEST_BONE_HU, MOST_BONE = 700, 1500, 0.5
"""Range of most dense bone, which never fills half of an image."""

LITTLE_BONE = 0.05
"""Minimum fraction of bone for a conclusion."""

UNIFORM_HU, UNIFORM_SHARE, UNIFORM_RISE = 300, 0.6, 0.5
"""Soft tissue, but not bone, has this fraction of its pixels in an interval of this width, and less
than this part of that in the interval below."""

EDGE_HU, EDGE_SHARE, EDGE_DROP = 10, 0.05, 0.75
"""If this fraction of the lowest values is within this many HU, and not many more in the next few,
values were clipped; in a low-noise brain the next few contain twice as many."""

PEAK_HU, PEAK_SHARE, SHARP_PEAK = 60, 0.13, (0.05, 2.5)
"""The lowest values form the air peak if an interval of this width contains this fraction; or less,
but this many times more than the next interval."""

VOID_HU, VOID_SHARE = (-650, -250), 0.12
"""Between lung and fat no interval of :data:`PEAK_HU` contains this fraction."""

WINDOW_TOP_HU, WINDOW_SHARE, WINDOW_STEPS = 390, 0.002, 3
"""Values were clipped at the highest one if it is below this, contains this fraction of pixels, and
this many of the 20 HU below it occur; LDCTIQAC2023 clips at 400."""

DENSE_AIR_HU, MUCH_AIR = (-1150, -950), 0.5
LITTLE_BODY, TISSUE_RISE = 0.2, 1.8
"""With this fraction of air (without lung) and of body, the body still has a soft tissue peak, this
many times higher than the values below it."""

ROUGH_HU, ROUGH_SHARE, ROUGH_ROWS = 1000, 0.01, 8
"""Scanner blur limits the fraction of neighbours that differ by this much, including noise and
metal; one row in eight is enough to check."""

WRAP_HU, WRAP_LOW_HU, WRAP_JUMP_HU = 2500, -850, 3500
"""Limits above, below and between neighbours for values that have overflowed 12 bits."""

WRAP_SPIKES, WRAP_JUMPS, WRAP_RATIO = 3, 30, 0.3
"""Metal is blurred, so it never borders directly on air; dark streaks cause a few jumps."""


def check_hu(values: _Values, reason: Reason) -> None:
    """Refuse numbers that cannot be HU.

    Args:
        values: HU as claimed, as in :func:`why_not_hu`.
        reason: Code of the refusal: ``NOT_HU`` if the file claims HU, ``HU_CONVENTION_UNKNOWN`` if
            its format cannot.

    Raises:
        RefusedError: With ``reason``; with ``NOT_FINITE``, or ``NOT_HU`` for values beyond any HU.

    >>> check_hu(np.linspace(0, 255, 65536).reshape(256, 256), Reason.NOT_HU)
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: pixels must be CT numbers in HU (air -1000, water 0), got no value \
below 0 (they span 0 to 255), like stored pixels or a picture; apply the rescale slope and \
intercept (usually -1024)
    """
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RefusedError(Reason.NOT_FINITE, "pixels must be finite, got NaN or infinity")
    if why := _why_not(values, low, high):
        detail = f"pixels must be CT numbers in HU (air -1000, water 0), got {why}"
        raise RefusedError(Reason.NOT_HU if high > PLAUSIBLE_HU[1] else reason, detail)


def why_not_hu(values: _Values) -> str | None:
    """Why these numbers cannot be HU, and the remedy.

    Args:
        values: HU as claimed, after the rescale of the file and before clipping to -1024;
            finite, integer or float, [rows, cols] or [slices, rows, cols]. Declared padding is
            -1024.

    Returns:
        Text that follows "got", or ``None`` if the numbers can be HU. ``None`` also if all values
        are equal or there is only air, because such slices get no score anyway.

    >>> why_not_hu(np.full((256, 256), -1000)) is None
    True
    """
    return _why_not(values, float(values.min()), float(values.max()))


def _why_not(values: _Values, low: float, high: float) -> str | None:
    if high > PLAUSIBLE_HU[1]:
        return f"a value of {high:g}, above anything a scanner makes"
    if low == high:
        return None
    measured = without_padding(Histogram.of(values), values)
    if why := _too_low(measured):
        return why
    if measured.share(BODY_THRESHOLD_HU) < BODY_SHARE:
        return None
    found = next((why for rule in _RULES if (why := rule(measured, low, high))), None)
    return found or (_wrapped(values) if high > WRAP_HU else None) or _too_rough(values)


def _too_low(measured: Histogram) -> str | None:
    """Rule: scaled up, or intercept applied twice."""
    low = measured.share(stop=AIR_RANGE_HU[0])
    is_tail = low <= max(TOO_LOW_SHARE, NOISE_TAIL * measured.share(*AIR_RANGE_HU))
    if is_tail and measured.share(stop=FAR_TOO_LOW_HU) <= BLENDED_SHARE:
        return None
    return (
        f"{low:.0%} of the pixels below {AIR_RANGE_HU[0]}, lower than air, and not as padding; "
        "apply slope and intercept once"
    )


def _too_narrow(measured: Histogram, low: float, high: float) -> str | None:
    """Rule: normalised, or in other units."""
    if measured.quantile(0.999) - measured.quantile(0.001) >= NARROWEST_HU:
        return None
    if low >= 0 and high <= 1:
        return (
            f"values in [{low:g}, {high:g}], which look like display brightness; "
            "for LDCTIQAC2023 images pass 1400 * p - 1000"
        )
    return (
        f"values that span {low:g} to {high:g}, less than noise alone does in HU; "
        "undo the normalisation"
    )


def _never_negative(measured: Histogram, low: float, high: float) -> str | None:
    """Rule: stored pixels without the intercept, or a display image."""
    brain = (
        measured.share(*BRAIN_HU) > BRAIN_SHARE
        and measured.share(BONE_HU) < LITTLE_BONE
        and measured.quantile(0.5) >= BRAIN_MEDIAN_HU
    )
    picture = low >= 0 and BRAIN_HU[1] < high <= PICTURE_TOP
    if measured.quantile(0.001) < 0 or (brain and not picture):
        return None
    return (
        f"{'no' if low >= 0 else 'hardly any'} value below 0 (they span {low:g} to {high:g}), "
        "like stored pixels or a picture; apply the rescale slope and intercept (usually -1024)"
    )


def _too_dense(measured: Histogram, _low: float, _high: float) -> str | None:
    """Rule: inverted, read with the wrong sign or byte order, or shifted upwards."""
    for floor, most in ((METAL_HU, METAL_SHARE), (BONE_HU, MOST_BONE)):
        if (share := measured.share(floor)) > most:
            return (
                f"{share:.0%} of the pixels above {floor}, more than any patient has; "
                "check sign, byte order and rescale"
            )
    return None


def _uniform_bone(measured: Histogram, _low: float, _high: float) -> str | None:
    """Rule: shifted upwards, with air that is noisy or surrounded by padding."""
    bone = measured.share(BONE_HU, DENSEST_BONE_HU)
    # Declared padding was replaced by -1024, which does not indicate air.
    air = measured.share(*AIR_RANGE_HU) - measured.share(PADDING_HU, PADDING_HU + 1)
    if bone < LITTLE_BONE or air > 0.1 * bone or not _is_uniform(measured, bone):
        return None
    return (
        f"no air, and {bone:.0%} of the pixels above {BONE_HU} as uniform as soft tissue; "
        "apply the rescale intercept (usually -1024)"
    )


def _is_uniform(measured: Histogram, bone: float) -> bool:
    start, share = measured.densest(BONE_HU, DENSEST_BONE_HU, UNIFORM_HU)
    before = measured.share(start - UNIFORM_HU, start)
    return share > UNIFORM_SHARE * bone and before < UNIFORM_RISE * share


def _cut_below(measured: Histogram, _low: float, _high: float) -> str | None:
    """Rule: clipped to a window, or scaled down so far that air is hardly below 0."""
    lowest = measured.quantile(0.001)
    start, stop = lowest - 2, lowest - 2 + EDGE_HU
    share = measured.share(start, stop)
    after = measured.share(stop, stop + EDGE_HU)
    if lowest <= AIR_RANGE_HU[1] or share <= max(EDGE_SHARE, EDGE_DROP * after):
        return None
    return (
        f"{share:.0%} of the pixels at {lowest} and hardly any below, as after a display window; "
        "pass values that are not clipped"
    )


def _air_elsewhere(measured: Histogram, _low: float, _high: float) -> str | None:
    """Rule: scaled down or shifted; the lowest values form a peak like air, but elsewhere."""
    lowest = measured.quantile(0.005)
    if not AIR_RANGE_HU[1] < lowest < -170:
        return None
    share, after = (measured.share(lowest + step, lowest + step + PEAK_HU) for step in (0, PEAK_HU))
    if share <= PEAK_SHARE and (share <= SHARP_PEAK[0] or share <= SHARP_PEAK[1] * after):
        return None
    return f"what looks like air at {lowest + PEAK_HU // 2}; check slope and intercept"


def _full_void(measured: Histogram, _low: float, _high: float) -> str | None:
    """Rule: scaled down or shifted, with air so noisy that its peak is lost."""
    start, share = measured.densest(AIR_RANGE_HU[0], VOID_HU[1], PEAK_HU)
    if start < VOID_HU[0] or share <= VOID_SHARE:
        return None
    return (
        f"{share:.0%} of the pixels around {start + PEAK_HU // 2}, where neither air, lung nor "
        "tissue is; check slope and intercept"
    )


def _cut_above(measured: Histogram, _low: float, _high: float) -> str | None:
    """Rule: clipped to a window."""
    share = measured.share(measured.top)
    occur = np.count_nonzero(measured.counts[-21:-1])
    if measured.top >= WINDOW_TOP_HU or share <= WINDOW_SHARE or occur < WINDOW_STEPS:
        return None
    return (
        f"{share:.1%} of the pixels at {measured.top} and none above, as after a display window; "
        "pass values that are not clipped"
    )


def _no_tissue(measured: Histogram, low: float, _high: float) -> str | None:
    """Rule: intercept applied twice, with air so constant that it was taken for padding."""
    body, air = measured.share(BODY_THRESHOLD_HU), measured.share(*DENSE_AIR_HU)
    if low >= DENSE_AIR_HU[0] or body >= LITTLE_BODY or air <= MUCH_AIR:
        return None
    if measured.densest(-200, 300, 100)[1] >= TISSUE_RISE * measured.share(-450, -350):
        return None
    return "no peak of soft tissue within 300 of water; apply slope and intercept once"


def _too_rough(values: _Values) -> str | None:
    """Rule: bits in the wrong position."""
    rows = np.maximum(values[..., ::ROUGH_ROWS, :], PADDING_HU).astype(np.float32)
    share = float((np.abs(np.diff(rows, axis=-1)) > ROUGH_HU).mean())
    if share <= ROUGH_SHARE:
        return None
    return (
        f"{share:.0%} of the pixels more than {ROUGH_HU} from their neighbour, as if bits were "
        "in the wrong position; export again"
    )


def _wrapped(values: _Values) -> str | None:
    """Rule: overflow of 12 bits; noise of air became metal, or metal became air."""
    # Most rows contain no metal and cannot show it.
    rows = np.maximum(values[values.max(axis=-1) > WRAP_HU], PADDING_HU).astype(np.float32)
    high, low = rows > WRAP_HU, rows < WRAP_LOW_HU
    spikes = int((high[:, 1:-1] & low[:, :-2] & low[:, 2:]).sum())
    jumps = int((np.abs(np.diff(rows, axis=1)) > WRAP_JUMP_HU).sum())
    if spikes < WRAP_SPIKES and (jumps < WRAP_JUMPS or jumps < WRAP_RATIO * high.sum()):
        return None
    return (
        f"{max(spikes, jumps)} jumps between air and metal from one pixel to the next, as after an "
        "overflow of stored values; export again with all bits"
    )


_RULES: tuple[Callable[[Histogram, float, float], str | None], ...] = (
    _too_narrow,
    _never_negative,
    _too_dense,
    _cut_below,
    _cut_above,
    _air_elsewhere,
    _full_void,
    _uniform_bone,
    _no_tissue,
)
"""Rules in the order in which their messages help most; those that need neighbours come last."""
