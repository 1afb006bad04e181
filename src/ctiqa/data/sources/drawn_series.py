"""Phantoms and limbs that are drawn, with noise and kernel of a scan, in the place of a series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ctiqa.data.manifest import DRAWN
from ctiqa.data.simulation.phantoms import draw_limb, draw_phantom
from ctiqa.data.sources.clean_series import Series, kernel_of
from ctiqa.data.task import task_rng
from ctiqa.hu import BODY_THRESHOLD_HU
from ctiqa.physics import NoiseModel, simulate_low_dose
from ctiqa.types import HuImage

KERNEL_NAMES = ("B20f", "STANDARD", "B60f")
"""Kernels they are drawn with: soft, standard, sharp."""

EDGE_PIXELS = 0.7
"""Blur of the edges, as the finest detector has it."""

QUIET_HU, NOISY_HU = 3.0, 20.0
"""Range of the noise that they come with."""

DRAW = {"phantom": draw_phantom, "limb": draw_limb}


@dataclass(frozen=True, slots=True)
class DrawnSeries(Series):
    """One drawn slice in the place of a series."""

    def read(self) -> tuple[HuImage, tuple[float, float]]:
        """See :meth:`Series.read`."""
        rng = task_rng(0, self.name)
        clean, spacing = DRAW[self.region](rng)
        clean = ndimage.gaussian_filter(clean, EDGE_PIXELS)
        model = NoiseModel(kernel=kernel_of(self.kernel))
        noise = simulate_low_dose(clean, spacing, 0.1, rng, model=model, n_views=480) - clean
        inside = ndimage.binary_erosion(clean > BODY_THRESHOLD_HU, iterations=8)
        wanted = float(np.exp(rng.uniform(np.log(QUIET_HU), np.log(NOISY_HU))))
        scale = wanted / max(float(noise[inside].std()) if inside.any() else wanted, 1e-3)
        return (clean + np.float32(scale) * noise)[np.newaxis], spacing


def drawn_series(kind: str, count: int) -> list[DrawnSeries]:
    """So many drawn series of a kind, ``phantom`` or ``limb``; each is a patient of its own."""
    return [
        DrawnSeries(
            name=f"drawn-{kind}-{number:03d}",
            file=Path(),
            patient=f"drawn-{kind}-{number:03d}",
            region=kind,
            kernel=KERNEL_NAMES[number % len(KERNEL_NAMES)],
            n_slices=1,
            licence="Apache-2.0",
            origin=DRAWN,
            shows=(kind,),
        )
        for number in range(count)
    ]
