"""Images for the validation of the gate: patients, and what shows none."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from scipy import ndimage
from skimage import color
from skimage import data as photographs
from tests.physics.patient.made import Floats, Image, noise
from tests.score.honesty.images import magnetic_resonance

from ctiqa import read_scans, stream_slices
from ctiqa.data.simulation.phantoms import draw_phantom
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL
from ctiqa.types import Slice

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes" / "ctiqa-s4.toml"

MOST_SLICES = 6
"""Slices of a series that are taken, spread evenly."""

NAMES = (
    *("astronaut", "camera", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry"),
    *("moon", "retina", "rocket", "brick", "grass", "gravel", "coins", "page"),
)
"""Photographs that come with scikit-image."""

PHANTOMS = 40

ZOO = {
    "scout": ("DICOMSamples__CT_JPEG70.dcm", "dcm_qa_ct__philips_localizer_I10.dcm"),
    "magnetic resonance": ("Round2__cptac_mr_512.dcm",),
    "phantom": ("catphan404__uniformity.dcm", "dcm_qa_ct__philips_bone_I650.dcm"),
}
"""Real ones among the DICOM files of the collection."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A slice of a patient.

    Attributes:
        hu: CT numbers in HU.
        spacing_mm: Pixel spacing.
        region: Part of the body, in one word.
        vendor: Manufacturer of the scanner.
        group: Test, validation or training patients of the shipped model; or DICOM series.
    """

    hu: Image
    spacing_mm: tuple[float, float]
    region: str
    vendor: str
    group: str


def patients(shared: Path, every: int = 1) -> Iterator[Case]:
    """Slices of the collection and of the series, unfiltered."""
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))["data"]
    records = json.loads((shared / "ct" / "index.json").read_text(encoding="utf-8"))
    for record in records[::every]:
        with np.load(shared / "ct" / record["file"], allow_pickle=False) as stored:
            stack, spacing = stored["hu"], stored["spacing_mm"]
        count = min(len(stack), MOST_SLICES)
        for k in np.unique(np.linspace(0, len(stack) - 1, count).round().astype(int)):
            yield Case(
                np.maximum(stack[k], -1024).astype(np.float32),
                (float(spacing[1]), float(spacing[2])),
                _word(record.get("region")),
                _word(record.get("manufacturer")),
                _group(record["patient_id"], recipe),
            )
    for scan in read_scans(shared / "dicom-series").scans:
        for item in stream_slices(scan.headers[:: 3 * every]):
            if isinstance(item, Slice) and item.header.spacing_mm is not None:
                vendor = _word(item.header.acquisition.manufacturer)
                body = _word(item.header.acquisition.body_part)
                yield Case(item.hu, item.header.spacing_mm, body, vendor, "DICOM series")


def _word(text: str | None) -> str:
    """First word of a description.

    >>> _word("chest/abdomen (B70f)"), _word(None)
    ('chest', 'unknown')
    """
    words = (text or "").replace("/", " ").split()
    return words[0].lower() if words else "unknown"


def _group(patient: str, recipe: dict[str, Any]) -> str:
    for group in ("test", "validation"):
        if patient in recipe[f"{group}_patients"]:
            return f"{group} patients"
    return "training patients"


def unit(image: Floats) -> Floats:
    """Scaled to [0, 1]; 0.1 % at either end are clipped."""
    low, high = np.quantile(image, [0.001, 0.999])
    return np.asarray(((image - low) / (high - low)).clip(0, 1))


def pictures() -> Iterator[Floats]:
    """Photographs as brightness in [0, 1]."""
    for name in NAMES:
        image = getattr(photographs, name)()
        grey = color.rgb2gray(image) if image.ndim == 3 else image
        yield unit(np.asarray(grey[:1000, :1000], dtype=np.float64))


def resonances(shared: Path, every: int) -> Iterator[Floats]:
    """MR images: a real one, and T1-weighted ones made of CT slices."""
    yield from (image for image, _ in _files(shared, "magnetic resonance"))
    for case in patients(shared, every):
        yield magnetic_resonance(case.hu)


def scouts(shared: Path) -> Iterator[Floats]:
    """Localisers: real ones, and projections of all series with 20 slices or more."""
    yield from (image for image, _ in _files(shared, "scout"))
    for file in sorted((shared / "ct").glob("*.npz")):
        with np.load(file, allow_pickle=False) as stored:
            stack, spacing = stored["hu"], stored["spacing_mm"]
        if len(stack) >= 20:
            for axis in (1, 2):
                yield projection(stack.astype(np.float64), float(spacing[axis]), axis)


def projection(stack: Floats, pixel_mm: float, axis: int) -> Floats:
    """Water in the beam as CT numbers, 250 per attenuation length of water, 512 rows."""
    water_mm = (np.maximum(stack, -1000) + 1000).sum(axis=axis) * pixel_mm / 1000
    rows = ndimage.zoom(water_mm, (512 / len(water_mm), 1), order=1)
    return np.asarray(-1000 + 250 * rows / 50 + np.random.default_rng(0).normal(0, 10, rows.shape))


def phantoms(shared: Path) -> Iterator[tuple[Floats, tuple[float, float]]]:
    """Test objects: real ones, and drawn ones with noise of three kernels, with their pixels."""
    yield from _files(shared, "phantom")
    kernels = (SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL)
    for seed in range(PHANTOMS):
        rng = np.random.default_rng(seed)
        drawn, spacing = draw_phantom(rng)
        made = noise(drawn.shape, spacing[0], kernels[seed % 3], rng)
        level_hu = float(rng.choice([3.0, 6.0, 12.0, 25.0]))
        yield ndimage.gaussian_filter(drawn, 0.8) + level_hu * made, spacing


def _files(shared: Path, kind: str) -> Iterator[tuple[Floats, tuple[float, float]]]:
    """Pixels of real files after their rescale, whatever else their headers say."""
    for name in ZOO[kind]:
        file = pydicom.dcmread(shared / "dicom-zoo" / name)
        pixels = file.pixel_array.astype(np.float64)
        slope = float(file.get("RescaleSlope", 1))
        intercept = float(file.get("RescaleIntercept", 0))
        down, across = (float(each) for each in file.get("PixelSpacing", (0.8, 0.8)))
        yield slope * pixels + intercept, (down, across)


Form = Callable[[Floats], Floats]
"""How an image of something else gets into a program that expects HU."""

AS_IT_IS: dict[str, Form] = {"as it is": lambda image: image}

RESONANCE_FORMS: dict[str, Form] = {
    "as it is": lambda image: image,
    "intercept −1024": lambda image: np.rint(image) - 1024,
    "12 bits, intercept −1024": lambda image: np.rint(4095 * unit(image)) - 1024,
    "scaled to −1000…400": lambda image: 1400 * unit(image) - 1000,
    "z-scores": lambda image: (image - image.mean()) / image.std(),
    "8 bits": lambda image: np.rint(255 * unit(image)),
}

SCOUT_FORMS: dict[str, Form] = {
    "as it is": lambda image: image,
    "12 bits, intercept −1024": lambda image: np.rint(4095 * unit(image)) - 1024,
    "scaled to −1000…400": lambda image: 1400 * unit(image) - 1000,
    "inverted": lambda image: 1400 * (1 - unit(image)) - 1000,
}

PICTURE_FORMS: dict[str, Form] = {
    "8 bits": lambda image: np.rint(255 * image),
    "[0, 1]": lambda image: image,
    "scaled to −1000…400": lambda image: 1400 * image - 1000,
    "inverted": lambda image: 1400 * (1 - image) - 1000,
    "12 bits, intercept −1024": lambda image: np.rint(4095 * image) - 1024,
    "soft-tissue window": lambda image: 400 * image - 160,
}
