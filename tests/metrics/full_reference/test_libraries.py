"""Every published measure against independent libraries, on real slices with known damage.

``python -m tests.metrics.full_reference.test_libraries`` prints the largest differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import piq  # type: ignore[import-untyped]
import pytest
import torch
from scipy import ndimage
from skimage.metrics import (
    mean_squared_error,
    peak_signal_noise_ratio,
    structural_similarity,
)
from tests.metrics.example_slices import example_slices
from torchmetrics.functional.image import visual_information_fidelity

from ctiqa.hu import WINDOWS, Window
from ctiqa.metrics.full_reference.measures import MEASURES
from ctiqa.metrics.full_reference.psnr import psnr
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.types import HuImage

Greys = npt.NDArray[np.float64]
Library = Callable[[Greys, Greys], float]

MEASURE = {each.name: each for each in MEASURES}


@dataclass(frozen=True)
class Comparison:
    """A measure and its counterpart in a library.

    ``reference`` takes both images on 0–1. ``frame`` is the rim in pixels (before, after each
    axis) that we show as black, where the library takes what is outside the image as black and
    counts windows that hang over the border; we never do.
    """

    measure: str
    library: str
    reference: Library
    tolerance: float
    frame: tuple[int, int] = (0, 0)

    def difference(self, image: HuImage, reference: HuImage, window: Window) -> float:
        framed = [
            np.pad(hu, self.frame, constant_values=window.range_hu[0]) for hu in (image, reference)
        ]
        ours = MEASURE[self.measure].function(
            framed[0], framed[1], np.ones(framed[0].shape, bool), window
        )
        return abs(ours - self.reference(greys(image, window), greys(reference, window)))


def greys(hu: HuImage, window: Window) -> Greys:
    """Windowed to 0–1, independent of the code under test."""
    black = window.level_hu - window.width_hu / 2
    return np.asarray(np.clip((hu.astype(np.float64) - black) / window.width_hu, 0, 1))


def tensors(function: Callable[..., torch.Tensor], **options: object) -> Library:
    """A function of tensors [n, channels, rows, cols] as one of two images."""

    def call(image: Greys, reference: Greys) -> float:
        a, b = (torch.from_numpy(x)[None, None] for x in (image, reference))
        return float(function(a, b, **options))

    return call


def skimage_ssim(image: Greys, reference: Greys) -> float:
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(reference, image, data_range=1, **options))  # type: ignore[no-untyped-call]


def torch_vif(image: Greys, reference: Greys) -> float:
    """Torchmetrics takes brightness on 0–255."""
    return tensors(visual_information_fidelity)(255 * image, 255 * reference)


def skimage_psnr(image: Greys, reference: Greys) -> float:
    return float(peak_signal_noise_ratio(reference, image, data_range=1))  # type: ignore[no-untyped-call]


COMPARISONS = (
    Comparison("psnr", "scikit-image", skimage_psnr, 1e-6),
    Comparison("ssim", "scikit-image", skimage_ssim, 1e-12),
    Comparison("ms_ssim", "piq", tensors(piq.multi_scale_ssim, data_range=1.0), 1e-12),
    Comparison("vif", "torchmetrics", torch_vif, 1e-8),
    Comparison("gmsd", "piq", tensors(piq.gmsd, data_range=1.0), 1e-12, (2, 2)),
    Comparison("haarpsi", "piq", tensors(piq.haarpsi, data_range=1.0), 1e-12, (6, 8)),
)


def noisy(hu: HuImage, sd_hu: float) -> HuImage:
    noise = np.random.default_rng(5).normal(0, sd_hu, hu.shape)
    return (hu + noise).astype(np.float32)


def blurred(hu: HuImage, sigma: float) -> HuImage:
    return np.asarray(ndimage.gaussian_filter(hu, sigma), dtype=np.float32)


DAMAGE: dict[str, Callable[[HuImage], HuImage]] = {
    "noise 10 HU": lambda hu: noisy(hu, 10),
    "noise 60 HU": lambda hu: noisy(hu, 60),
    "blur 1.2 pixels": lambda hu: blurred(hu, 1.2),
}


Pair = tuple[HuImage, HuImage, Window]


def some_pairs() -> Iterator[Pair]:
    """Every slice and every kind of damage once, cropped to keep the tests quick."""
    names = ("soft", "challenge", "soft")
    for hu, damage, name in zip(example_slices(), DAMAGE.values(), names, strict=True):
        clean = hu[60:236, 70:262]
        yield damage(clean), clean, WINDOWS[name]


def all_pairs() -> Iterator[Pair]:
    """Every slice in every damage, in a narrow and in a wide window."""
    for hu, damage, name in product(example_slices(), DAMAGE.values(), ("soft", "challenge")):
        yield damage(hu), hu, WINDOWS[name]


def largest_difference(comparison: Comparison, pairs: Iterable[Pair]) -> float:
    return max(comparison.difference(*pair) for pair in pairs)


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda c: f"{c.measure}-{c.library}")
def test_a_measure_equals_its_library(comparison: Comparison) -> None:
    assert largest_difference(comparison, some_pairs()) <= comparison.tolerance


def test_every_published_measure_is_compared() -> None:
    assert {each.measure for each in COMPARISONS} == set(MEASURE) - {"rmse"}


@pytest.mark.parametrize("damage", DAMAGE)
def test_without_a_window_nothing_is_clipped(damage: str) -> None:
    """RMSE in HU, PSNR against the 4095 HU of 12 bits, as in scikit-image."""
    for hu in example_slices():
        image, mask = DAMAGE[damage](hu), np.ones(hu.shape, bool)
        wide = hu.astype(np.float64), image.astype(np.float64)
        truth = float(mean_squared_error(*wide)) ** 0.5
        assert rmse(image, hu, mask) == pytest.approx(truth, rel=1e-6)
        truth = float(peak_signal_noise_ratio(*wide, data_range=4095))  # type: ignore[no-untyped-call]
        assert psnr(image, hu, mask, None) == pytest.approx(truth, abs=1e-5)


if __name__ == "__main__":
    print("| measure | library | largest difference |\n|---|---|---|")
    for each in COMPARISONS:
        largest = largest_difference(each, all_pairs())
        print(f"| {each.measure} | {each.library} | {largest:.1g} |")
