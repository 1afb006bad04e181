"""Changes to CT slices by export and processing: some leave them in HU, others do not.

Each change takes HU as float64 [slices, rows, cols], at least -1024, and a random generator.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.hu import BODY_THRESHOLD_HU, PADDING_HU, body_mask

Stack = npt.NDArray[np.float64]
Change = Callable[[Stack, np.random.Generator], Stack]

PADDINGS = (-1000, -1024, -1500, -2000, -2048, -3024, -8192, -32768)


def outside(shape: tuple[int, ...], radius: float = 1.0) -> npt.NDArray[np.bool_]:
    """Pixels outside a central circle, of a radius relative to the inscribed circle."""
    y, x = np.ogrid[: shape[-2], : shape[-1]]
    far = np.hypot(y - (shape[-2] - 1) / 2, x - (shape[-1] - 1) / 2)
    return np.asarray(far > radius * min(shape[-2:]) / 2)


def padded(hu: Stack, value: float, radius: float = 1.0) -> Stack:
    """Padded with one value outside the circle."""
    return np.where(outside(hu.shape, radius), value, hu)


def turned(hu: Stack, value: float, order: int = 1) -> Stack:
    """Rotated by 8 degrees, padded with one value."""
    return np.asarray(
        ndimage.rotate(
            hu, 8, axes=(-2, -1), reshape=False, order=order, cval=value, mode="constant"
        )
    )


def cut_out(hu: Stack, value: float) -> Stack:
    """The patient alone, surrounded by one value."""
    return np.stack([np.where(body_mask(image.astype(np.float32)), image, value) for image in hu])


def cropped(hu: Stack, share: float, *, down: float = 0.5, right: float = 0.5) -> Stack:
    """A part of the field of view, at least 256 pixels a side."""
    rows, cols = (min(max(int(share * side), 256), side) for side in hu.shape[-2:])
    top, left = int(down * (hu.shape[-2] - rows)), int(right * (hu.shape[-1] - cols))
    return hu[..., top : top + rows, left : left + cols]


def noisy(hu: Stack, rng: np.random.Generator, sd_hu: float, blur: float = 0.0) -> Stack:
    """With added noise, white or as coarse as with a soft kernel."""
    noise = rng.standard_normal(hu.shape)
    if blur:
        noise = ndimage.gaussian_filter(noise, (0, blur, blur))
    return np.asarray(hu + sd_hu * noise / noise.std())


def with_metal(hu: Stack, value: float, radius: float) -> Stack:
    """With a disc of metal in the centre."""
    return np.where(outside(hu.shape, radius), hu, value)


def window(hu: Stack, low: float, high: float) -> Stack:
    """Brightness in [0, 1]."""
    return (hu.clip(low, high) - low) / (high - low)


def noisy_air(hu: Stack, rng: np.random.Generator, sd_hu: float) -> Stack:
    """With noise in air, not clipped."""
    return np.where(hu < -900, noisy(hu, rng, sd_hu), hu)


def ringing(hu: Stack, rng: np.random.Generator) -> Stack:
    """Stored values, a few of them just below 0."""
    return np.where(rng.random(hu.shape) < 1e-4, -3, hu + 1024)


def one_below(hu: Stack) -> Stack:
    """Stored values, one of them -1."""
    stored = hu + 1024
    stored[:, 3, 3] = -1
    return stored


def over_metal(hu: Stack) -> Stack:
    """Metal that overflowed 12 bits."""
    metal = ndimage.gaussian_filter(with_metal(hu, 9000, 0.04), (0, 1, 1))
    return np.asarray((metal + 1024).round() % 4096 - 1024)


def swapped(stored: Stack, kind: str) -> Stack:
    """Integers read in the wrong byte order."""
    return stored.round().astype(kind).byteswap().astype(np.float64)


def _alone(change: Callable[[Stack], Stack]) -> Change:
    return lambda hu, _: change(hu)


def _each(
    name: str, values: tuple[float, ...], change: Callable[[Stack, float], Stack]
) -> dict[str, Change]:
    return {f"{name} {value:g}": _alone(partial(_swap, change, value)) for value in values}


def _swap(change: Callable[[Stack, float], Stack], value: float, hu: Stack) -> Stack:
    return change(hu, value)


HARMLESS: dict[str, Change] = {
    "as it is, from -1024": lambda hu, _: hu,
    "clipped to -1000 and above": lambda hu, _: np.maximum(hu, -1000),
    "clipped to -1000…400": lambda hu, _: hu.clip(-1000, 400),
    "clipped to -1024…3071": lambda hu, _: hu.clip(-1024, 3071),
    **_each("circle padded with", PADDINGS, padded),
    "smaller circle padded with -2000": lambda hu, _: padded(hu, -2000, 0.9),
    **_each("rotated, padded with", (0, *PADDINGS), turned),
    "padded and rotated": lambda hu, _: turned(padded(hu, -3024), -3024),
    "padded twice": lambda hu, _: turned(padded(hu, -2000), -1024),
    "padded twice, -3024 last": lambda hu, _: turned(padded(hu, -2048), -3024),
    "padded and rotated, cubic": lambda hu, _: turned(padded(hu, -3024), -3024, 3),
    **_each("cut out, padded with", (-1000, -1024, -2000, -3024), cut_out),
    **_each("centre crop", (0.9, 0.7, 0.5), cropped),
    "crop of the left": lambda hu, _: cropped(hu, 0.5, right=0.1),
    "crop of the right": lambda hu, _: cropped(hu, 0.5, right=0.9),
    "crop of the top": lambda hu, _: cropped(hu, 0.5, down=0.1),
    "crop of the bottom": lambda hu, _: cropped(hu, 0.5, down=0.9),
    "crop of a corner": lambda hu, _: cropped(hu, 0.5, down=0, right=0),
    "noise of 30 HU": lambda hu, rng: noisy(hu, rng, 30),
    "noise of 100 HU": lambda hu, rng: noisy(hu, rng, 100),
    "noise of 100 HU, soft": lambda hu, rng: noisy(hu, rng, 100, 1),
    "noise of 100 HU, clipped": lambda hu, rng: np.maximum(noisy(hu, rng, 100, 1), -1024),
    "noise of 60 HU, padded": lambda hu, rng: padded(noisy(hu, rng, 60), -3024),
    "padding smeared by 3 HU": lambda hu, rng: noisy(padded(hu, -3024), rng, 3),
    "padding smeared by 30 HU": lambda hu, rng: noisy(padded(hu, -3024), rng, 30),
    "flipped": lambda hu, _: hu[:, ::-1],
    "transposed": lambda hu, _: hu.swapaxes(1, 2),
    "blurred": lambda hu, _: ndimage.gaussian_filter(hu, (0, 2, 2)),
    "20 HU too high": lambda hu, _: hu + 20,
    "20 HU too low": lambda hu, _: hu - 20,
    "in steps of 16 HU": lambda hu, _: np.round(hu / 16) * 16,
    "metal of 30000 HU": lambda hu, _: with_metal(hu, 30_000, 0.03),
    "metal clipped at 3071 HU": lambda hu, _: with_metal(hu, 3071, 0.06),
}
"""Still in HU: must be accepted."""

DAMAGES: dict[str, Change] = {
    "no intercept": lambda hu, _: hu + 1024,
    "no intercept, air at 24": lambda hu, _: hu + 1000,
    "no intercept, padding -2000": lambda hu, _: padded(hu + 1024, -2000),
    "no intercept, padding made -1024": lambda hu, _: padded(hu + 1024, PADDING_HU),
    "no intercept, a few of -3": ringing,
    "no intercept, one of -1": lambda hu, _: one_below(hu),
    "no intercept, noisy air": lambda hu, rng: noisy_air(hu, rng, 25) + 1024,
    "no intercept, noise of 60": lambda hu, rng: noisy(hu, rng, 60) + 1024,
    "no intercept, rotated": lambda hu, _: turned(hu + 1024, -2000),
    "8-bit soft window": lambda hu, _: (window(hu, -160, 240) * 255).round(),
    "8-bit soft window minus 1": lambda hu, _: (window(hu, -160, 240) * 255).round() - 1,
    "8-bit lung window": lambda hu, _: (window(hu, -1350, 150) * 255).round(),
    "8-bit window, noisy": lambda hu, rng: noisy(window(hu, -160, 240) * 255, rng, 2),
    "int8": lambda hu, _: hu.clip(-128, 127),
    "12-bit picture": lambda hu, _: (window(hu, -1000, 1000) * 4095).round(),
    "z-scores": lambda hu, _: (hu - hu.mean()) / hu.std(),
    "[0, 1]": lambda hu, _: window(hu, -1000, 400),
    "[-0.001, 1]": lambda hu, _: window(hu, -1000, 400) - 0.001,
    "[-1, 1]": lambda hu, _: 2 * window(hu, -1000, 400) - 1,
    **_each("divided by", (10, 100, 1000), np.divide),
    **_each("attenuation of water", (0.0195, 0.195, 19.5), lambda hu, mu: mu * (1 + hu / 1000)),
    **_each("times", (7, 2, 1.4, 0.7, 0.5), np.multiply),
    "times 0.5, noise of 60": lambda hu, rng: noisy(hu / 2, rng, 60),
    "times 2, air of one value": lambda hu, _: 2 * cut_out(hu, -1024),
    "intercept twice": lambda hu, _: hu - 1024,
    "intercept twice, padded": lambda hu, _: padded(hu - 1024, -3024),
    "intercept twice, air of one value": lambda hu, _: cut_out(hu, -1024) - 1024,
    **_each("shifted by", (-500, -300, 200, 500), np.add),
    "shifted by 500, noise of 60": lambda hu, rng: noisy(hu + 500, rng, 60),
    "clipped to -160…240": lambda hu, _: hu.clip(-160, 240),
    "clipped to -160…240, padded": lambda hu, _: padded(hu.clip(-160, 240), -3024),
    "clipped to -200…300": lambda hu, _: hu.clip(-200, 300),
    "clipped to 0…80": lambda hu, _: hu.clip(0, 80),
    "clipped to -1000…240": lambda hu, _: hu.clip(-1000, 240),
    "clipped to -500…1300": lambda hu, _: hu.clip(-500, 1300),
    "8-bit window back in HU": lambda hu, _: (
        (window(hu, -160, 240) * 255).round() / 255 * 400 - 160
    ),
    "sign inverted": lambda hu, _: -hu,
    "grey inverted": lambda hu, _: hu.max() - 1024 - hu,
    "signed 12 bits read as unsigned": lambda hu, _: hu.round() % 4096,
    "the same with intercept": lambda hu, _: hu.round() % 4096 - 1024,
    "noise of air ran over": lambda hu, rng: (noisy_air(hu, rng, 12) + 1024).round() % 4096 - 1024,
    "metal ran over": lambda hu, _: over_metal(hu),
    "bytes swapped": lambda hu, _: swapped(hu + 1024, "u2") - 1024,
    "bytes swapped, signed": lambda hu, _: swapped(hu, "i2"),
    "12 bits in the upper bits": lambda hu, _: 16 * (hu + 1024) - 1024,
    "upper bits cut off": lambda hu, _: 16 * (hu.round() + 1024) % 4096 - 1024,
    "overlay in bit 12": lambda hu, _: hu + 4096 * (np.indices(hu.shape[-2:]).sum(0) % 137 == 0),
}
"""Not in HU: must be refused."""


def has_patient(hu: Stack) -> bool:
    """Whether a slice that passes the check would get a score."""
    return bool((np.maximum(hu, PADDING_HU) > BODY_THRESHOLD_HU).mean() >= 0.01)
