"""Numbers that are no HU, in every container.

The table is a product: each disguise below, wrapped in each format that can hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tests.corpus import build
from tests.corpus.case import Case, refused

from ctiqa.errors import Reason

NOT_HU = refused(Reason.NOT_HU, Reason.HU_CONVENTION_UNKNOWN, Reason.IMPOSSIBLE_RESCALE)

Hu = build.Array
Change = Callable[[Hu], Hu]


@dataclass(frozen=True)
class Disguise:
    """A quantity other than HU, made of HU.

    Attributes:
        name: What it is.
        change: Turns HU into it.
        source: Where it was reported.
        whole: Whether it is stored as whole numbers.
    """

    name: str
    change: Change
    source: str
    whole: bool = True


def _ringing(hu: Hu) -> Hu:
    shifted: Hu = np.maximum(hu + 1024, 0)
    shifted[100, 100:104] = -3
    return shifted


def _padded(value: float) -> Change:
    return lambda hu: np.where(build.outside(), value, hu + 1024)


def _one_pixel(hu: Hu) -> Hu:
    shifted: Hu = np.maximum(hu + 1024, 0)
    shifted[3, 3] = -1
    return shifted


def _dense_insert(hu: Hu) -> Hu:
    scaled: Hu = hu / 1000
    scaled[200:220, 200:220] = 2.0
    return scaled


def _window(low: float, high: float) -> Change:
    """Brightness in [0, 1] through a window."""
    return lambda hu: (np.clip(hu, low, high) - low) / (high - low)


SHIFTED = "MIC-DKFZ/nnUNet#1680, JoHof/lungmask#63, #117, pydicom#1615"
NORMALISED = "MIC-DKFZ/nnUNet#350, #177, STU-Net#4"
SCALED = "wasserth/TotalSegmentator#455, liyues/NeRP#5"
PADDED = "JoHof/lungmask#108, pydicom#1615"
EXPORTED = "pydicom/pydicom#2073, icometrix/dicom2nifti test data"
FACTOR = "OHIF/Viewers#4289"
WRITTEN_BACK = "SimpleITK#1014, InsightSoftwareConsortium/ITK#4733"
BRIGHTNESS = "alwaysuu/CLIPDenoising#7"

DISGUISES = (
    Disguise("HU + 1024", lambda hu: hu + 1024, SHIFTED),
    Disguise("HU + 1000, nothing below 0", lambda hu: np.maximum(hu + 1000, 0), SHIFTED),
    Disguise("HU + 1024, four pixels of -3", _ringing, "JoHof/lungmask#63, PolusAI/nyxus#369"),
    Disguise("HU + 1024, one pixel of -1", _one_pixel, SHIFTED),
    Disguise("HU + 1024, padding -2000", _padded(-2000), PADDED),
    Disguise("HU + 1024, padding -1", _padded(-1), PADDED),
    Disguise("HU + 32768", lambda hu: hu + 32768, SHIFTED),
    Disguise("wrapped at 4096", lambda hu: hu % 4096, "signs lost in 12 unsigned bits"),
    Disguise("wrapped at 65536", lambda hu: hu % 65536, "signs lost in 16 unsigned bits"),
    Disguise("cone beam, air at 0", lambda hu: np.maximum(hu + 960, 0), "MIC-DKFZ/nnUNet#1680"),
    Disguise("8-bit window", lambda hu: (_window(-160, 240)(hu) * 255).round(), EXPORTED),
    Disguise(
        "8-bit window minus 1", lambda hu: (_window(-160, 240)(hu) * 255).round() - 1, EXPORTED
    ),
    Disguise("8 bits with a sign", lambda hu: np.clip(hu, -128, 127), EXPORTED),
    Disguise("12-bit window", lambda hu: (_window(-1000, 1000)(hu) * 4095).round(), EXPORTED),
    Disguise("z-scores", lambda hu: (hu - hu.mean()) / hu.std(), NORMALISED, whole=False),
    Disguise(
        "z-scores of a window",
        lambda hu: (np.clip(hu, -1000, 400) - np.clip(hu, -1000, 400).mean()) / 480,
        NORMALISED,
        whole=False,
    ),
    Disguise("HU / 1000", lambda hu: hu / 1000, SCALED, whole=False),
    Disguise("HU / 1000, dense insert", _dense_insert, SCALED, whole=False),
    Disguise("HU / 1024 + 1", lambda hu: hu / 1024 + 1, SCALED, whole=False),
    Disguise("brightness in [0, 1]", _window(-1000, 400), BRIGHTNESS, whole=False),
    Disguise(
        "brightness in [-1, 1]",
        lambda hu: 2 * _window(-1000, 400)(hu) - 1,
        BRIGHTNESS,
        whole=False,
    ),
    Disguise(
        "brightness in [-0.001, 1]",
        lambda hu: _window(-1000, 400)(hu) - 0.001,
        BRIGHTNESS,
        whole=False,
    ),
    Disguise(
        "attenuation in 1/cm",
        lambda hu: 0.19 * (1 + hu / 1000),
        "liyues/NeRP#5",
        whole=False,
    ),
    Disguise("attenuation in 1/m", lambda hu: 19 * (1 + hu / 1000), "liyues/NeRP#5", whole=False),
    Disguise("HU × 7", lambda hu: hu * 7, FACTOR),
    Disguise("HU × 2", lambda hu: hu * 2, FACTOR),
    Disguise("HU × 10", lambda hu: hu * 10, FACTOR),
    Disguise("intercept applied twice", lambda hu: hu - 1024, WRITTEN_BACK),
    Disguise(
        "clipped to -160…240", lambda hu: np.clip(hu, -160, 240), "wasserth/TotalSegmentator#455"
    ),
    Disguise(
        "clipped to -200…300", lambda hu: np.clip(hu, -200, 300), "wasserth/TotalSegmentator#455"
    ),
    Disguise("clipped to -125…275", lambda hu: np.clip(hu, -125, 275), "MONAI tutorials"),
)


def whole_type(values: Hu) -> type[np.generic]:
    """The smallest usual integer type that holds some values."""
    if values.min() >= -32768 and values.max() <= 32767:
        return np.int16
    return np.uint16 if values.min() >= 0 and values.max() <= 65535 else np.int32


def stored(values: Hu, *, whole: bool) -> Hu:
    """Values as a volume format stores them."""
    return values.round().astype(whole_type(values)) if whole else values.astype(np.float32)


def as_dicom(folder: Path, values: Hu, *, whole: bool) -> None:
    """Values as DICOM: fractions through a slope."""
    slope = 1.0 if whole else float(f"{np.abs(values).max() / 30000:.6g}")
    numbers = (values / slope).round()
    signed = numbers.min() < 0
    build.dicom(
        folder,
        numbers.astype(np.int16 if signed else np.uint16),
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=int(signed),
        RescaleSlope=f"{slope:.6g}",
        RescaleIntercept="0",
    )


def as_volume(write: Callable[..., object], folder: Path, values: Hu, *, whole: bool) -> None:
    """Values in a format that has no slope of its own."""
    write(folder, stored(values, whole=whole))


def as_gzip_nifti(folder: Path, hu: Hu) -> Path:
    """NIfTI behind gzip."""
    return build.nifti(folder, hu, name="a.nii.gz")


WRAPPERS: dict[str, Callable[..., object]] = {
    "DICOM": as_dicom,
    "NIfTI": partial(as_volume, build.nifti),
    "NIfTI.gz": partial(as_volume, as_gzip_nifti),
    "NRRD": partial(as_volume, build.nrrd_file),
    "MetaImage": partial(as_volume, build.metaimage),
    "NPY": partial(as_volume, build.npy),
    "NPZ": partial(as_volume, build.npz),
    "TIFF": partial(as_volume, build.tiff),
}


def disguised(disguise: Disguise) -> Hu:
    """The plain slice in a disguise, float64."""
    return np.asarray(disguise.change(build.plain().astype(np.float64)))


def wrapped(folder: Path, disguise: Disguise, wrap: Callable[..., object]) -> None:
    """Write one disguise in one format."""
    wrap(folder, disguised(disguise), whole=disguise.whole)


CASES = (
    *(
        Case(
            f"{disguise.name}, {name}",
            "not HU, and the container does not say so",
            NOT_HU,
            disguise.source,
            partial(wrapped, disguise=disguise, wrap=wrap),
        )
        for disguise in DISGUISES
        for name, wrap in WRAPPERS.items()
    ),
)
