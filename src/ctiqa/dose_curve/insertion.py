"""Noise of a lower dose for one slice: inserted in its projections, with its own level and texture.

Yu L, Shiung M, Jondal D, McCollough CH. Development and validation of a practical
lower-dose-simulation tool for optimizing computed tomography scan protocols.
J Comput Assist Tomogr 36(4):477–487, 2012.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctiqa.dose_curve.texture import kernel_of, matching_weights
from ctiqa.hu import PADDING_HU
from ctiqa.physics.artefacts.measured import measure
from ctiqa.physics.geometry import Sinogram
from ctiqa.physics.kernels import filter_radially
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.quantum import QuantumNoise, spectrum_of
from ctiqa.physics.patient.tissue import Patches, patches
from ctiqa.types import Floats, HuImage

PEAK = 0.98
"""Quantile of the line integrals of a view that counts as its largest attenuation."""


ROUNDS = 3
MOST_CHANGE = 1.5
LEAST_GROWTH = 0.5
"""Rounds in which the level of the noise is adjusted, the largest change in each, and the least
relative growth of the variance that is divided by."""


@dataclass(frozen=True, slots=True, eq=False)
class LowDoseNoise:
    """A slice with noise that can be added to it.

    Attributes:
        hu: The slice, CT numbers in HU, float32 [rows, cols].
        level_hu: Its quantum noise in soft tissue in HU.
        quantum: Images of quantum noise, 1 HU in soft tissue, one per draw.
        electronic: Images of electronic noise, likewise; empty without it.
        electronic_share: Share of the variance of its own noise that is electronic, in [0, 1).
    """

    hu: HuImage
    level_hu: float
    quantum: tuple[HuImage, ...]
    electronic: tuple[HuImage, ...] = ()
    electronic_share: float = 0.0

    def at(self, dose: float, draw: int) -> HuImage:
        """The slice at a fraction of its dose.

        The variance of quantum noise is proportional to 1/dose, that of electronic noise to
        1/dose². What the slice has is left in it, and the difference is added.

        Args:
            dose: Dose fraction in (0, 1].
            draw: Index of the draw.

        Returns:
            CT numbers in HU, float32 [rows, cols], at least -1024.
        """
        share = self.electronic_share
        image = self.hu + self._scaled((1 - share) * (1 / dose - 1)) * self.quantum[draw]
        if self.electronic:
            image += self._scaled(share * (1 / dose**2 - 1)) * self.electronic[draw]
        return np.maximum(image, np.float32(PADDING_HU))

    def _scaled(self, variance: float) -> np.float32:
        return np.float32(self.level_hu * math.sqrt(variance))


def low_dose_noise(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    *,
    draws: int = 1,
    electronic_share: float = 0.0,
) -> LowDoseNoise:
    """Simulate the noise that a slice would have at a lower dose.

    White noise in the projections of the slice is weighted by attenuation and reconstructed. A
    radial filter gives it the noise power spectrum of the slice, and a factor its level: at a
    quarter of the dose, twice the noise is measured in the slice, in the same soft tissue.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        rng: Random generator for the noise.
        draws: Independent noise images, >= 1.
        electronic_share: Share of the variance of the noise of the slice that is electronic, in
            [0, 1).

    Raises:
        NotMeasurableError: If the noise of the slice cannot be measured.
        UsageError: If the field of view is wider than a scanner.
    """
    tissue = Tissue.of(hu)
    own = tissue.noise_in(hu, spacing_mm)
    rays = measure(hu, spacing_mm, kernel_of(own))
    photons = tube_current(rays.sinogram)
    weights = [np.exp(rays.sinogram / 2) / np.sqrt(photons)]
    if electronic_share:
        weights.append(np.exp(rays.sinogram) / photons)

    def unit(deviation: Floats) -> tuple[HuImage, ...]:
        white = (rng.standard_normal(deviation.shape) for _ in range(draws))
        images = [rays.image_of((deviation * each).astype(np.float32)) for each in white]
        shaped = tissue.with_texture(images, own, spacing_mm)
        return tissue.scaled(shaped, hu, own.level_hu, spacing_mm)

    quantum, electronic = (*map(unit, weights), ())[:2]
    return LowDoseNoise(hu, own.level_hu, quantum, electronic, electronic_share)


def tube_current(sinogram: Sinogram) -> Floats:
    """Relative tube current of each view under angular modulation, [views, 1], at most 1.

    It is proportional to the square root of the attenuation, which gives the least noise for the
    dose: Gies M, Kalender WA, Wolf H, Suess C. Dose reduction in CT by anatomically adapted tube
    current modulation. I. Simulation studies. Med Phys 26(11):2235–2247, 1999.

    >>> tube_current(np.float32([[2.0, 4.0], [1.0, 2.0]])).round(2).tolist()
    [[1.0], [0.37]]
    """
    peaks = np.quantile(sinogram, PEAK, axis=1, keepdims=True).astype(np.float64)
    return np.asarray(np.exp((peaks - peaks.max()) / 2))


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """The soft tissue of a slice, in which the noise of any image of its shape is measured."""

    body: BodyOutline
    found: Patches

    @classmethod
    def of(cls, hu: HuImage) -> Tissue:
        """The soft tissue of a slice.

        Raises:
            NotMeasurableError: If the slice shows no body.
        """
        body = find_body(hu)
        return cls(body, patches(hu, body))

    def noise_in(self, image: HuImage, spacing_mm: tuple[float, float]) -> QuantumNoise:
        """The quantum noise of an image, in this tissue.

        Raises:
            NotMeasurableError: If it cannot be measured.
        """
        rows, cols = self.body.box
        part = np.ascontiguousarray(image[rows, cols])
        return spectrum_of(replace(self.found, hu=part), spacing_mm)

    def with_texture(
        self, images: Sequence[HuImage], own: QuantumNoise, spacing_mm: tuple[float, float]
    ) -> tuple[HuImage, ...]:
        """Noise images with the power spectrum of a slice, at its level on average."""
        made = [self.noise_in(each, spacing_mm) for each in images]
        shape = (images[0].shape[0], images[0].shape[1])
        weights = matching_weights(own, made, shape, spacing_mm)
        shaped = [filter_radially(each, weights) for each in images]
        factor = np.float32(own.level_hu / self._rms(shaped, spacing_mm))
        return tuple(each * factor for each in shaped)

    def scaled(
        self, images: Sequence[HuImage], hu: HuImage, level: float, spacing_mm: tuple[float, float]
    ) -> tuple[HuImage, ...]:
        """Noise images that double the noise measured in a slice when its dose is quartered.

        Noise is measured as the most frequent level. In noise alone that may be the level of other
        tissue than in the slice, where structure hides some of it.

        Args:
            images: Noise images of about the level of the slice.
            hu: The slice.
            level: Its quantum noise in HU.
            spacing_mm: Pixel spacing (row, column) in mm.

        Returns:
            The images, scaled to 1 HU.
        """
        factor = 1.0
        for _ in range(ROUNDS):
            part = np.float32(factor * math.sqrt(3))
            grown = self._rms([hu + part * each for each in images], spacing_mm) / level
            change = math.sqrt(3 / max(grown**2 - 1, LEAST_GROWTH))
            factor *= min(max(change, 1 / MOST_CHANGE), MOST_CHANGE)
        return tuple(each * np.float32(factor / level) for each in images)

    def _rms(self, images: Sequence[HuImage], spacing_mm: tuple[float, float]) -> float:
        levels = [self.noise_in(each, spacing_mm).level_hu for each in images]
        return math.sqrt(np.mean(np.square(levels)))
