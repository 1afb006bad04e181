"""Whether the map of local noise points to a place that was degraded.

A disc inside the patient is degraded, and nothing else. The map points to it if its worst patch
inside the patient touches the disc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.predictors.predictor import Images, same_size_batches
from ctiqa.hu import body_mask
from ctiqa.metrics.no_reference.noise import global_noise_level
from ctiqa.recipe.network import TOKEN
from ctiqa.score.engines.protocol import Answers
from ctiqa.types import HuImage

RADIUS_PIXELS = 48
"""Radius of the degraded disc: three patches of the map across."""

TIMES_NOISE, LEAST_HU = 3.0, 30.0
"""RMS of what is added in the disc: a multiple of the noise of the slice, and at least this."""

STRIPE_PIXELS = 12.0
"""Period of the stripes, in pixels."""

MOST_SLICES = 200
"""Most slices to degrade: more would not change a share by a percent."""

Pattern = Callable[[np.random.Generator, tuple[int, int]], npt.NDArray[np.float64]]
"""A pattern of unit RMS, [rows, cols]."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """How often the worst patch of the map lies where a slice was degraded.

    Attributes:
        n: Number of slices.
        pointed: Share of them.
    """

    n: int
    pointed: float


def grain(rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Noise textured as by a soft-tissue kernel: without its lowest and highest frequencies."""
    white = rng.standard_normal(shape)
    band = ndimage.gaussian_filter(white, 0.8) - ndimage.gaussian_filter(white, 3.0)
    return np.asarray(band / band.std())


def stripes(rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Parallel dark and bright stripes in a random direction."""
    angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    rows, cols = np.indices(shape)
    along = np.cos(angle) * rows + np.sin(angle) * cols
    return np.asarray(np.sqrt(2) * np.sin(2 * np.pi * along / STRIPE_PIXELS + phase))


PATTERNS: Mapping[str, Pattern] = {"noise": grain, "stripes": stripes}
"""What is added to a disc, by name."""


def pointing(answer: Callable[[Images], Answers], examples: Examples) -> dict[str, Pointing]:
    """How often the map points to a degraded disc, by what was added in it.

    Args:
        answer: From slices [n, rows, cols] in HU to answers.
        examples: Slices without artefacts and filters; of many, every few are taken.

    Returns:
        Nothing if the network gives no map, or no slice has room for a disc.
    """
    every = -(-len(examples) // MOST_SLICES) if len(examples) else 1
    chosen = Examples(examples.folder, examples.table[::every])
    hits: dict[str, list[bool]] = {name: [] for name in PATTERNS}
    for name, hu, inside, body in _degraded(chosen):
        noise = answer(hu[np.newaxis]).log_noise_hu
        if noise is None:
            return {}
        hits[name].append(_points(noise[0], inside, body))
    return {name: Pointing(len(each), float(np.mean(each))) for name, each in hits.items() if each}


def _degraded(
    examples: Examples,
) -> Iterator[tuple[str, HuImage, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Name of the pattern, the degraded slice, the disc and the patient."""
    rng = np.random.default_rng(0)
    for batch in same_size_batches(examples):
        for hu in batch:
            body = body_mask(hu)
            if (inside := _disc(rng, body)) is None:
                continue
            for name, pattern in PATTERNS.items():
                rms = max(TIMES_NOISE * global_noise_level(hu, mask=body), LEAST_HU)
                added = rms * pattern(rng, (hu.shape[0], hu.shape[1])) * inside
                yield name, (hu + added).astype(np.float32), inside, body


def _disc(rng: np.random.Generator, body: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    """A disc at a random place inside the patient; ``None`` if there is no room for one."""
    # Beyond the image is not patient.
    depth = ndimage.distance_transform_edt(np.pad(body, 1))[1:-1, 1:-1]
    centres = np.argwhere(depth >= RADIUS_PIXELS)
    if not len(centres):
        return None
    row, col = centres[rng.integers(len(centres))]
    rows, cols = np.indices(body.shape)
    return np.asarray(np.hypot(rows - row, cols - col) <= RADIUS_PIXELS)


def _points(
    noise: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_], body: npt.NDArray[np.bool_]
) -> bool:
    """Whether the noisiest patch that holds some of the patient touches the disc."""
    rows, cols = noise.shape
    patient = _patches(body)[:rows, :cols] >= 1 / 4
    worst = np.unravel_index(np.argmax(np.where(patient, noise, -np.inf)), noise.shape)
    return bool(_patches(inside)[worst] > 0)


def _patches(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Share of each patch of the map that is true, [ceil(rows/32), ceil(cols/32)]."""
    rows, cols = (-side % TOKEN for side in mask.shape)
    padded = np.pad(mask, ((0, rows), (0, cols)))
    high, wide = padded.shape[0] // TOKEN, padded.shape[1] // TOKEN
    return np.asarray(padded.reshape(high, TOKEN, wide, TOKEN).mean(axis=(1, 3)))
