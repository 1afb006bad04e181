"""One slice and the reconstructed ingredients of all its degradations.

Reconstruction is linear. Each ingredient (streaks of a view count, unit noise) is reconstructed
once, and every degraded image is a weighted sum: hundreds of examples for the cost of a dozen
reconstructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ctiqa.data.simulation.artefacts import Artefact, draw_artefacts
from ctiqa.hu import body_mask
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.metrics.no_reference.noise import global_noise_level
from ctiqa.physics import Kernel, measure, reconstruct
from ctiqa.physics.simulate import HU_PER_MU
from ctiqa.recipe.data import VIEW_COUNTS
from ctiqa.types import HuImage

FULL_VIEWS = VIEW_COUNTS[0]


@dataclass(frozen=True, eq=False)
class Scene:
    """A slice with its ingredients, all in HU, float32 [rows, cols].

    Attributes:
        hu: The slice as acquired.
        spacing_mm: Pixel spacing (row, column) in mm.
        kernel: Reconstruction kernel of the slice and of everything added to it.
        streaks: Image change by omitting views, by view count.
        quantum: Unit quantum noise [draws, rows, cols], by view count. "Unit" is the noise of one
            photon per ray before the patient, spread over all views.
        electronic: Unit electronic noise at the full view count.
        artefacts: Artefacts, by kind.
    """

    hu: HuImage
    spacing_mm: tuple[float, float]
    kernel: Kernel
    streaks: dict[int, HuImage]
    quantum: dict[int, HuImage]
    electronic: HuImage
    artefacts: Mapping[str, Artefact] = field(default_factory=dict)

    @cached_property
    def mask(self) -> Mask:
        """The patient (see :func:`ctiqa.hu.body_mask`)."""
        return body_mask(self.hu)

    @cached_property
    def own_noise_hu(self) -> float:
        """Noise of the slice as acquired, in HU."""
        return global_noise_level(self.hu)

    @cached_property
    def streak_rms(self) -> dict[int, float]:
        """RMS of the streaks inside the patient in HU, by view count."""
        return {
            views: float(np.sqrt(np.mean(np.square(image[self.mask], dtype=np.float64))))
            for views, image in self.streaks.items()
        }

    def unit_noise(self, views: int, rng: np.random.Generator) -> HuImage:
        """Random quantum noise whose RMS inside the patient is 1 HU at the full view count.

        A random unit combination of independent draws is again an independent draw.
        """
        draws = self.quantum[views]
        weights = rng.standard_normal(len(draws)).astype(np.float32)
        weights /= np.float32(np.linalg.norm(weights))
        noise = np.tensordot(weights, draws, axes=1) / np.float32(self._quantum_rms)
        return np.asarray(noise, dtype=np.float32)

    def unit_electronic(self) -> HuImage:
        """Electronic noise with an RMS of 1 HU inside the patient."""
        zero = np.zeros_like(self.electronic)
        return np.asarray(self.electronic / np.float32(rmse(self.electronic, zero, self.mask)))

    @cached_property
    def _quantum_rms(self) -> float:
        draws = self.quantum[FULL_VIEWS]
        return float(np.sqrt(np.mean(np.square(draws[:, self.mask], dtype=np.float64))))


def make_scene(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    kernel: Kernel,
    rng: np.random.Generator,
    *,
    draws: int = 2,
    artefact_kinds: int = 0,
    artefact_rng: np.random.Generator | None = None,
) -> Scene:
    """Project a slice once and reconstruct all ingredients.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        kernel: Reconstruction kernel of the slice.
        rng: Random generator for the noise.
        draws: Independent noise images per view count.
        artefact_kinds: Number of kinds of artefact.
        artefact_rng: Separate generator for artefacts, so that the noise does not depend on them;
            ``None`` for no artefacts.
    """
    measured = measure(hu, spacing_mm, kernel, n_views=FULL_VIEWS)
    shape, scan, sinogram = measured.shape, measured.scan, measured.sinogram
    root_photons = np.exp(sinogram / 2)

    def image_of(rays: HuImage, views: int) -> HuImage:
        step = FULL_VIEWS // views
        image = reconstruct(rays[::step], scan.every(step), shape, spacing_mm, kernel)
        return np.asarray(image * np.float32(HU_PER_MU), dtype=np.float32)

    def white() -> HuImage:
        return rng.standard_normal(sinogram.shape, dtype=np.float32)

    noises = [root_photons * white() for _ in range(draws)]
    full = image_of(sinogram, FULL_VIEWS)
    return Scene(
        hu=hu,
        spacing_mm=spacing_mm,
        kernel=kernel,
        streaks={v: image_of(sinogram, v) - full for v in VIEW_COUNTS},
        quantum={v: np.stack([image_of(noise, v) for noise in noises]) for v in VIEW_COUNTS},
        electronic=image_of(root_photons**2 * white(), FULL_VIEWS),
        artefacts=draw_artefacts(measured, body_mask(hu), artefact_rng, artefact_kinds)
        if artefact_rng
        else {},
    )
