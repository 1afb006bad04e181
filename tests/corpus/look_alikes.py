"""What looks like no HU and is: padding far below air, no air at all, metal, fractions.

A rule that refuses one of these is the wrong rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from tests.corpus import build
from tests.corpus.case import Case, read
from tests.corpus.not_hu import WRAPPERS, Hu


def written_padded(folder: Path, value: float, wrap: Callable[..., object]) -> None:
    """HU with one padding value outside the field of view."""
    wrap(folder, build.padded(value), whole=True)


def no_air(folder: Path, wrap: Callable[..., object]) -> None:
    """A field of view inside the body."""
    wrap(folder, build.within_the_body().astype(np.float64), whole=True)


def no_air_as_read() -> build.Hu:
    """The HU of :func:`no_air`."""
    return build.within_the_body()[None].astype(np.float32)


def with_metal() -> Hu:
    """HU with a piece of metal that saturates 12 bits."""
    hu = build.plain().astype(np.float64)
    hu[240:260, 250:275] = 3071
    return hu


def metal(folder: Path, wrap: Callable[..., object]) -> None:
    """HU up to 3071."""
    wrap(folder, with_metal(), whole=True)


def metal_as_read() -> build.Hu:
    """The HU of :func:`metal`."""
    return with_metal()[None].astype(np.float32)


def fractional(folder: Path, wrap: Callable[..., object]) -> None:
    """HU with a fraction, as interpolation leaves them."""
    wrap(folder, build.plain() + 0.25, whole=False)


def fractional_as_read() -> build.Hu:
    """The HU of :func:`fractional`."""
    return (build.plain()[None] + 0.25).astype(np.float32)


VENDOR_PADDING = {
    -3024: "GE: stored -2000 with intercept -1024",
    -2048: "Toshiba: outside the circle",
    -32768: "the lowest value that fits",
    -8192: "United Imaging: stored 0 with intercept -8192",
    -2000: "GE converted to HU",
    -1500: "a converter's own",
}


def unsigned_with_intercept(folder: Path, intercept: int) -> None:
    """Padding 0 of unsigned values, far below air in HU."""
    numbers = np.where(build.outside(), 0, build.plain().astype(np.int32) - intercept)
    build.dicom(
        folder,
        numbers.astype(np.uint16),
        BitsStored=16,
        HighBit=15,
        RescaleIntercept=str(intercept),
    )


CASES = (
    *(
        Case(
            f"HU with padding {value}, {name}",
            f"only looks wrong: {who}",
            read(build.padded_as_read),
            "look-alike",
            partial(written_padded, value=value, wrap=wrap),
        )
        for value, who in VENDOR_PADDING.items()
        for name, wrap in WRAPPERS.items()
    ),
    *(
        Case(
            f"unsigned, intercept {intercept}, padding 0",
            "only looks wrong: the padding is far below air",
            read(build.padded_as_read),
            "look-alike",
            partial(unsigned_with_intercept, intercept=intercept),
        )
        for intercept in (-8192, -3024, -2048)
    ),
    *(
        Case(
            f"no air in the field of view, {name}",
            "only looks wrong: a spine or a heart, nothing below -203 HU",
            read(no_air_as_read),
            "look-alike",
            partial(no_air, wrap=wrap),
        )
        for name, wrap in WRAPPERS.items()
    ),
    *(
        Case(
            f"metal at 3071 HU, {name}",
            "only looks wrong: saturated at 12 bits",
            read(metal_as_read),
            "look-alike",
            partial(metal, wrap=wrap),
        )
        for name, wrap in WRAPPERS.items()
    ),
    *(
        Case(
            f"HU with a fraction, {name}",
            "only looks wrong: interpolated",
            read(fractional_as_read),
            "look-alike",
            partial(fractional, wrap=wrap),
        )
        for name, wrap in WRAPPERS.items()
        if name not in ("DICOM",)
    ),
)
