"""Metal implants: dark bands and streaks from beam hardening and photon starvation.

De Man B, Nuyts J, Dupont P, Marchal G, Suetens P. Metal streak artifacts in X-ray computed
tomography: a simulation study. IEEE Trans Nucl Sci 46(3):691–696, 1999.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.physics.artefacts.inserts import Ellipse, coverage
from ctiqa.physics.artefacts.measured import MeasuredRays, check_rules
from ctiqa.physics.artefacts.starvation import Beam, counted_lines
from ctiqa.physics.geometry import hu_to_mu
from ctiqa.physics.projector import project
from ctiqa.physics.spectrum import (
    METALS_PER_MM,
    hardened_lines,
    water_corrected,
)
from ctiqa.types import HuImage


@dataclass(frozen=True, slots=True)
class Metal:
    """Implants of one material.

    Attributes:
        inserts: Cross-sections, at least one.
        material: A key of :data:`METALS_PER_MM`.
        beam: Photons and detector for the rays through metal; ``None`` adds no noise.
        scatter_share: Scattered signal in the rays through metal, as a share of the unattenuated
            signal, in [0, 0.1); the lower limit of the reading behind thick metal.

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.
    """

    inserts: tuple[Ellipse, ...]
    material: str = "titanium"
    beam: Beam | None = None
    scatter_share: float = 1.0e-5

    def __post_init__(self) -> None:
        names = ", ".join(METALS_PER_MM)
        check_rules(
            (bool(self.inserts), "'inserts' must hold at least one ellipse, got none"),
            (
                self.material in METALS_PER_MM,
                f"'material' must be one of {names}, got {self.material!r}",
            ),
            (
                0 <= self.scatter_share < 0.1,
                f"'scatter_share' must be in [0, 0.1), got {self.scatter_share}",
            ),
        )


@dataclass(frozen=True, eq=False)
class MetalArtefact:
    """Change of a slice by metal.

    Attributes:
        added_hu: Metal and its streaks in HU, float32 [rows, cols]. Metal reaches thousands of HU,
            so the caller must clip the sum to the range of the scanner.
        mask: Pixels at least half metal, bool [rows, cols].
    """

    added_hu: HuImage
    mask: npt.NDArray[np.bool_]


def add_metal(
    measured: MeasuredRays, metal: Metal, rng: np.random.Generator | None = None
) -> MetalArtefact:
    """Insert metal into a slice.

    Tissue hardens the beam like water; for bone see :func:`ctiqa.physics.harden_by_bone`. Only
    rays through metal change; all others keep the noise of the slice.

    Args:
        measured: The slice without metal.
        metal: Implants, which replace the tissue they cover.
        rng: Random generator for the noise of ``metal.beam``; required only with a beam.

    Returns:
        Metal and its streaks, and the mask of the metal.

    Raises:
        UsageError: If inserts lie outside the reconstructed circle or ``rng`` is missing.

    >>> from ctiqa.physics import measure
    >>> water = measure(np.zeros((32, 32), np.float32), (2.0, 2.0), n_views=32)
    >>> pin = add_metal(water, Metal((Ellipse(5.0, 3.0, 4.0, 4.0),)))
    >>> bool(pin.added_hu[pin.mask].min() > 2000)
    True
    """
    _check_inputs(measured, metal, rng)
    share = coverage(metal.inserts, measured.shape, measured.spacing_mm)
    length_mm = project(share, measured.spacing_mm, measured.scan)
    through = length_mm > 0
    # One mean value for all displaced tissue: its projections are consistent with an image that
    # is zero outside the metal, so its error stays inside the metal.
    displaced = np.average(hu_to_mu(measured.hu), weights=share)
    lines = measured.sinogram[through].astype(np.float64)
    tissue = np.maximum(lines - displaced * length_mm[through], 0.0)
    seen = hardened_lines(tissue, length_mm[through], METALS_PER_MM[metal.material])
    seen = -np.log(np.exp(-seen) + metal.scatter_share) if metal.scatter_share else seen
    if metal.beam is not None and rng is not None:
        seen = counted_lines(seen, metal.beam, rng).astype(np.float64)
    change = np.zeros_like(measured.sinogram)
    change[through] = water_corrected(seen) - lines
    return MetalArtefact(measured.image_of(change), share >= 0.5)


def _check_inputs(measured: MeasuredRays, metal: Metal, rng: np.random.Generator | None) -> None:
    radius = min(n * mm for n, mm in zip(measured.shape, measured.spacing_mm, strict=True)) / 2
    check_rules(
        (
            metal.beam is None or rng is not None,
            "'rng' must be given where 'beam' counts photons, got None; pass a seeded generator",
        ),
        *(
            (
                each.reach_mm < radius,
                f"'inserts' must lie within {radius:.0f} mm of the isocentre, got {each}; "
                "move it inside the patient",
            )
            for each in metal.inserts
        ),
    )
