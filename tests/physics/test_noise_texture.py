"""The noise power spectrum of filtered back-projection, against theory in absolute units."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from tests.physics.phantoms import DISTANT_MM

from ctiqa.metrics.no_reference.noise import noise_power_spectrum
from ctiqa.physics import FanBeam, Kernel, reconstruct
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL

SPACING, SIDE, VIEWS, PITCH = 0.7, 64, 360, 0.6
SCAN = FanBeam.covering(
    (128, 128), (SPACING, SPACING), n_views=VIEWS, pitch_mm=PITCH, source_to_iso_mm=DISTANT_MM
)
FREQUENCY = np.hypot(np.fft.fftfreq(SIDE, SPACING)[:, None], np.fft.fftfreq(SIDE, SPACING)[None])
"""Radial frequency of the spectrum in cycles/mm."""


def _regions(kernel: Kernel) -> npt.NDArray[np.float64]:
    """Middles of reconstructions of white detector noise of variance 1."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(12):
        noise = rng.standard_normal((SCAN.n_views, SCAN.n_detectors), dtype=np.float32)
        images.append(reconstruct(noise, SCAN, (128, 128), (SPACING, SPACING), kernel))
    return np.stack(images)[:, 32:96, 32:96].astype(np.float64)


def _band(nps: npt.NDArray[np.float64], low: float, high: float) -> float:
    return float(nps[(low <= FREQUENCY) & (high > FREQUENCY)].mean())


@pytest.mark.parametrize("kernel", [SOFT_KERNEL, STANDARD_KERNEL], ids=["soft", "standard"])
def test_spectrum_follows_theory(kernel: Kernel) -> None:
    """π/n·σ²·τ·f·W(f)² (Riederer 1978), times what linear interpolation takes: sinc⁴(fτ)."""
    nps = noise_power_spectrum(_regions(kernel), (SPACING, SPACING))
    f = FREQUENCY
    theory = math.pi / VIEWS * PITCH * f * kernel.weight(f) ** 2 * np.sinc(f * PITCH) ** 4
    for low in (0.05, 0.15, 0.25, 0.35):
        found, expected = _band(nps, low, low + 0.1), _band(theory, low, low + 0.1)
        assert found == pytest.approx(expected, rel=0.10), f"{low} per mm"


def test_spectrum_is_low_at_zero_and_peaks_in_the_middle() -> None:
    """The ramp removes slow noise, the kernel fast noise: CT noise is grainy, not white."""
    nps = noise_power_spectrum(_regions(STANDARD_KERNEL), (SPACING, SPACING))
    edges = np.arange(0.03, 0.71, 0.04)
    bands = [_band(nps, float(low), float(low) + 0.04) for low in edges]
    peak = int(np.argmax(bands))
    assert 0.15 < edges[peak] < 0.35
    assert bands[0] < 0.5 * bands[peak]
    assert bands[-1] < 0.15 * bands[peak]


def test_sharp_kernel_moves_the_peak_up() -> None:
    soft, sharp = (
        noise_power_spectrum(_regions(k), (SPACING, SPACING)) for k in (SOFT_KERNEL, SHARP_KERNEL)
    )
    mean_soft, mean_sharp = ((n * FREQUENCY).sum() / n.sum() for n in (soft, sharp))
    assert mean_sharp > 1.4 * mean_soft


def test_integral_is_the_variance() -> None:
    regions = _regions(STANDARD_KERNEL)
    nps = noise_power_spectrum(regions, (SPACING, SPACING))
    integral = nps.sum() / (SIDE * SPACING) ** 2
    assert integral == pytest.approx(regions.var(), rel=0.02)
