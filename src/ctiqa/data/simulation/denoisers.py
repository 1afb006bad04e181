"""Denoising as it is mixed into the examples of ``simulate`` and ``simulate-all``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ctiqa.types import HuImage


def denoise_by_total_variation(image: HuImage, strength: float) -> HuImage:
    """Total-variation denoising, mixed with the original like the strength levels of scanners.

    Rudin LI, Osher S, Fatemi E. Physica D 60:259–268, 1992, by Chambolle's projection.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Weight of the denoised image, in [0, 1].
    """
    from skimage.restoration import denoise_tv_chambolle  # noqa: PLC0415 - slow to load

    scale = np.float32(400.0)
    total_variation: Callable[..., HuImage] = denoise_tv_chambolle
    clean = total_variation(image / scale, weight=0.12, max_num_iter=15) * scale
    return np.asarray((1 - strength) * image + strength * clean, dtype=np.float32)


def denoise_by_wavelets(image: HuImage, strength: float) -> HuImage:
    """Wavelet shrinkage: removes fine detail with the noise and leaves blotches, like networks.

    Chang SG, Yu B, Vetterli M. IEEE Trans Image Process 9(9):1532–1546, 2000 (BayesShrink).

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Weight of the denoised image, in [0, 1].
    """
    from skimage.restoration import denoise_wavelet  # noqa: PLC0415 - slow to load

    shrink: Callable[..., HuImage] = denoise_wavelet
    low, span = np.float32(-1024), np.float32(4096)
    clean = shrink((image - low) / span, wavelet="db2", mode="soft", rescale_sigma=True)
    return np.asarray((1 - strength) * image + strength * (clean * span + low), dtype=np.float32)


def denoise_by_patches(image: HuImage, strength: float) -> HuImage:
    """Non-local means, which keeps edges sharp and makes texture waxy.

    Buades A, Coll B, Morel JM. CVPR 2005, 2:60–65.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Weight of the denoised image, in [0, 1].
    """
    from skimage.restoration import denoise_nl_means, estimate_sigma  # noqa: PLC0415 - slow to load

    non_local_means: Callable[..., HuImage] = denoise_nl_means
    estimate: Callable[[HuImage], float] = estimate_sigma
    sigma = float(estimate(image))
    clean = non_local_means(image, patch_size=3, patch_distance=4, h=0.8 * sigma, sigma=sigma)
    return np.asarray((1 - strength) * image + strength * clean, dtype=np.float32)


DENOISERS: dict[str, Callable[[HuImage, float], HuImage]] = {
    "tv": denoise_by_total_variation,
    "wavelets": denoise_by_wavelets,
    "patches": denoise_by_patches,
}
"""Denoising methods, by name."""

DENOISER_SHARES = (0.4, 0.3, 0.3)
"""Probability of each denoising method."""
