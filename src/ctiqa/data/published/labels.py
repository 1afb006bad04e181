"""Training labels of the three published systems, as published and corrected.

DistilIQA: Baldeon-Calisto M, et al. Comput Biol Med 177:108670, 2024: SSIM against full dose.
Shen: Shen J, Zhang H, Liu Y. Modeling and Simulation 14(3):186–198, 2025: PSNR and SSIM.
TFKT: Rifa KR, et al. SPIE Medical Imaging, 2025: opinion scores of KADID-10k and LDCTIQAC2023.

The modes are those of :mod:`ctiqa.data.published.dose_mix`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.hu import BODY_THRESHOLD_HU, WINDOWS, body_mask
from ctiqa.metrics.full_reference.images import brightness
from ctiqa.metrics.full_reference.ssim import ssim_interior
from ctiqa.recipe.data import Mode
from ctiqa.types import HuImage

PairScores = npt.NDArray[np.float64]
"""One value per image, float64 [images]."""

PSNR_FLOOR_DB = 10.0
"""PSNR that maps to 0 in the corrected label, in dB.

In the window 350/40 this is a root mean squared error of 111 HU, which a radiologist grades 0.
"""

PSNR_CAP_DB = 50.0
"""Upper limit of PSNR in dB, which replaces the infinite PSNR of an image with itself.

In the window 350/40 this is a root mean squared error of 1.1 HU, little more than the rounding to
whole HU (0.3) and far below the noise of any scan. A recipe can set another value.
"""


def label_brightness(
    hu: HuImage, full: HuImage, mode: Mode = "corrected"
) -> npt.NDArray[np.float64]:
    """Brightness of a slice for the computation of the label.

    As published, every pixel uses the window 350/40, which ends at −135 HU: lung is black
    regardless of noise, and a chest is assessed by its wall. Corrected, every pixel uses the
    window a radiologist would choose: the lung window (1500/−600) where the full-dose slice shows
    air inside the patient, 350/40 elsewhere. A single wide window would include the lung too, but
    with a quarter of the soft-tissue contrast.

    Args:
        hu: CT numbers in HU, [rows, cols].
        full: The same slice at full dose, which defines the lung, so that both images of a pair
            use the same windows.
        mode: One window (as published) or two (corrected).

    Returns:
        Brightness in [0, 1], float64 [rows, cols].

    >>> float(label_brightness(np.float32([[40]]), np.float32([[40]]))[0, 0])
    0.5
    """
    # In double precision like the authors; single precision changes the seventh digit of labels.
    soft = brightness(hu, WINDOWS["distiliqa"])
    if mode == "as-published":
        return soft
    return np.where(_lung(full), brightness(hu, WINDOWS["lung"]), soft)


def ssim_label(hu: HuImage, full: HuImage, mode: Mode = "corrected") -> float:
    """Label of DistilIQA: structural similarity to the full-dose slice.

    Wang Z, et al. IEEE Trans Image Process 13(4):600–612, 2004, with the defaults of
    scikit-image as used by the authors: uniform 7×7 window, sample covariance, 3 border pixels
    excluded, data range 1.

    Args:
        hu: The slice in HU, [rows, cols]; as published, after ``whole_hu(…, "as-published")``.
        full: The same slice at full dose, same shape, at least 7×7.
        mode: See :func:`label_brightness`.

    Returns:
        Similarity in [-1, 1]; 1 for the full-dose slice itself.

    Raises:
        UsageError: If the shapes differ or are too small.

    >>> full = np.random.default_rng(0).normal(40, 50, (16, 16)).astype("float32")
    >>> ssim_label(full, full)
    1.0
    """
    _check_pair(hu, full)
    return ssim_interior(*(label_brightness(image, full, mode) for image in (hu, full)))


def psnr_db(hu: HuImage, full: HuImage, mode: Mode = "corrected") -> float:
    """Peak signal-to-noise ratio against the full-dose slice, in dB; infinite for equal slices.

    −10·log₁₀ of the mean squared difference in brightness, whose peak is 1.

    Args:
        hu: The slice in HU, [rows, cols].
        full: The same slice at full dose, same shape, at least 7×7.
        mode: See :func:`label_brightness`. The paper of Shen states no window; as published uses
            that of DistilIQA.

    Returns:
        Ratio in dB, in [0, ∞].

    Raises:
        UsageError: If the shapes differ or are too small.

    >>> full = np.full((16, 16), 40, np.float32)
    >>> round(psnr_db(full + 35, full), 6), psnr_db(full, full)
    (20.0, inf)
    """
    _check_pair(hu, full)
    difference = label_brightness(hu, full, mode) - label_brightness(full, full, mode)
    square = float(np.mean(difference**2))
    return -10 * math.log10(square) if square > 0 else math.inf


def normalised_psnr(
    psnr: PairScores, mode: Mode = "corrected", *, cap_db: float = PSNR_CAP_DB
) -> PairScores:
    """Q_PSNR of Shen: the PSNR values of a data set normalised to [0, 1].

    The paper only says "normalised". As published is interpreted as the usual min-max
    normalisation over the data set. The normal-dose images, a quarter of the data set, have
    infinite PSNR. Left infinite, they would map to ∞/∞ and every other image to x/∞ = 0, but the
    mean absolute error of 0.026 in the paper shows that its labels were finite. The paper does not
    state what replaced infinity; here it is the cap, so that the normal-dose image maps to 1.
    Corrected, PSNR is scaled from :data:`PSNR_FLOOR_DB` to the cap, so that a label does not
    depend on the other images.

    Args:
        psnr: PSNR of each image of the data set in dB, float64 [images]; may be infinite.
        mode: Range of the data set (as published) or fixed range (corrected).
        cap_db: Upper limit in dB; higher values, including infinity, are clipped to it.

    Returns:
        Values in [0, 1], float64 [images]; as published, all 1 if all PSNR values are equal.

    >>> normalised_psnr(np.array([30.0, np.inf])).tolist()
    [0.5, 1.0]
    >>> normalised_psnr(np.array([30.0, 40.0, np.inf]), "as-published").tolist()
    [0.0, 0.5, 1.0]
    """
    capped = np.minimum(psnr, cap_db)
    if mode == "corrected":
        return np.asarray(np.clip((capped - PSNR_FLOOR_DB) / (cap_db - PSNR_FLOOR_DB), 0.0, 1.0))
    least, greatest = capped.min(), capped.max()
    if least == greatest:
        return np.ones_like(capped)
    return np.asarray((capped - least) / (greatest - least))


def shen_labels(
    psnr: PairScores,
    ssim: PairScores,
    *,
    a1: float = 0.5,
    a2: float = 0.5,
    mode: Mode = "corrected",
    cap_db: float = PSNR_CAP_DB,
) -> PairScores:
    """Labels of Shen for a data set: Q = a₁·Q_PSNR + a₂·Q_SSIM (equation 1).

    Args:
        psnr: PSNR of each image against its normal-dose original, in dB, float64 [images].
        ssim: Structural similarity to the original, float64 [images] (:func:`ssim_label`).
        a1: Weight of PSNR, ≥ 0.
        a2: Weight of SSIM, ≥ 0.
        mode: See :func:`normalised_psnr`.
        cap_db: Upper limit of PSNR in dB.

    Returns:
        Labels, float64 [images], in [0, a₁ + a₂] for similarities in [0, 1].

    Raises:
        UsageError: If the arrays differ in length or are empty, or a weight is negative.

    >>> shen_labels(np.array([30.0, np.inf]), np.array([0.8, 1.0])).tolist()
    [0.65, 1.0]
    """
    if psnr.shape != ssim.shape or psnr.size == 0:
        raise UsageError(
            f"'psnr' and 'ssim' must hold one value per image, got {psnr.shape} and {ssim.shape}"
        )
    if not (a1 >= 0 and a2 >= 0):
        raise UsageError(f"'a1' and 'a2' must be >= 0, got {a1:g} and {a2:g}")
    return np.asarray(a1 * normalised_psnr(psnr, mode, cap_db=cap_db) + a2 * ssim)


def _lung(full: HuImage) -> npt.NDArray[np.bool_]:
    """Air inside the patient: lung and bowel gas."""
    return np.asarray(body_mask(full) & (np.asarray(full) < BODY_THRESHOLD_HU))


def _check_pair(hu: HuImage, full: HuImage) -> None:
    if hu.shape != full.shape or hu.ndim != 2 or min(hu.shape) < 7:
        raise UsageError(
            "'hu' and 'full' must have one shape [rows, cols] of at least 7 × 7 pixels, got "
            f"{hu.shape} and {full.shape}"
        )
