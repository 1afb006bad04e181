"""A substitute for KADID-10k, in the same layout, from the photographs that come with scikit-image.

KADID-10k cannot be redistributed with ctiqa. This program lets anyone run TFKT's first phase: it
writes distorted photographs with scores from a full-reference metric (HaarPSI, Reisenhofer
et al. 2018), mapped to 1-5. No person has rated them, so they show that the phase works, not
what people think of images.

    python -m tools.natural_images data/natural
    ctiqa prepare recipes/kadid10k.toml --root data/natural --out data/natural-small
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter
from skimage import data as photographs

from ctiqa.hu import Window
from ctiqa.metrics.full_reference.haarpsi import haarpsi

Picture = Image.Image

SIZE = (256, 256)
"""Columns and rows of every image."""

PHOTOGRAPHS = (
    *("astronaut", "camera", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry"),
    *("moon", "retina", "rocket", "brick", "grass", "gravel", "coins", "page"),
)

LEVELS = range(1, 6)

EVERYWHERE = np.ones((SIZE[1], SIZE[0]), dtype=bool)
BRIGHTNESS = Window(255.0, 127.5)


def blurred(picture: Picture, level: int) -> Picture:
    """Out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(0.4 * level**1.3))


def noisy(picture: Picture, level: int) -> Picture:
    """White noise, the same in every run."""
    rng = np.random.default_rng(level)
    pixels = np.asarray(picture, dtype=np.float64)
    return _picture(pixels + 4.0 * level**1.6 * rng.standard_normal(pixels.shape))


def impulse(picture: Picture, level: int) -> Picture:
    """Impulse noise: single pixels black or white."""
    rng = np.random.default_rng(level)
    pixels = np.array(picture, dtype=np.float64)
    chance = rng.random(pixels.shape[:2])
    pixels[chance < 0.003 * level**1.5] = 0
    pixels[chance > 1 - 0.003 * level**1.5] = 255
    return _picture(pixels)


def compressed(picture: Picture, level: int) -> Picture:
    """JPEG of low quality."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=(40, 22, 12, 7, 3)[level - 1])
    return Image.open(stream).convert("RGB")


def pixelated(picture: Picture, level: int) -> Picture:
    """Coarse pixels."""
    side = 1 + level
    small = picture.resize((SIZE[0] // side, SIZE[1] // side), Image.Resampling.BOX)
    return small.resize(SIZE, Image.Resampling.NEAREST)


def flattened(picture: Picture, level: int) -> Picture:
    """Reduced contrast."""
    return ImageEnhance.Contrast(picture).enhance(1 - 0.16 * level)


def darkened(picture: Picture, level: int) -> Picture:
    """Less brightness."""
    return ImageEnhance.Brightness(picture).enhance(1 - 0.15 * level)


def posterised(picture: Picture, level: int) -> Picture:
    """Few grey levels."""
    steps = 2 ** (6 - level)
    pixels = np.asarray(picture, dtype=np.float64)
    return _picture(np.round(pixels / 255 * steps) / steps * 255)


DISTORTIONS: tuple[Callable[[Picture, int], Picture], ...] = (
    *(blurred, noisy, impulse, compressed),
    *(pixelated, flattened, darkened, posterised),
)


def write(folder: Path) -> int:
    """Write images and ``dmos.csv``; the number of distorted images."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, str, float, float]] = []
    for number, name in enumerate(PHOTOGRAPHS, start=1):
        reference = _reference(name)
        reference_file = f"I{number:02d}.png"
        reference.save(images / reference_file)
        for kind, distort in enumerate(DISTORTIONS, start=1):
            for level in LEVELS:
                file = f"I{number:02d}_{kind:02d}_{level:02d}.png"
                distorted = distort(reference, level)
                distorted.save(images / file)
                rows.append((file, reference_file, _score(distorted, reference), 0.0))
    with (folder / "dmos.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("dist_img", "ref_img", "dmos", "var"))
        writer.writerows(rows)
    return len(rows)


def _reference(name: str) -> Picture:
    """The largest central square of a photograph, resized to the common size."""
    pixels = np.asarray(getattr(photographs, name)())
    picture = Image.fromarray(pixels).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize(SIZE)


def _score(distorted: Picture, reference: Picture) -> float:
    """Similarity to the reference, on the opinion scale 1-5."""
    likeness = haarpsi(_grey(distorted), _grey(reference), EVERYWHERE, BRIGHTNESS)
    return round(1 + 4 * likeness, 3)


def _picture(pixels: npt.NDArray[np.float64]) -> Picture:
    return Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8))


def _grey(picture: Picture) -> npt.NDArray[np.float32]:
    return np.asarray(picture.convert("L"), dtype=np.float32)


def main() -> None:
    """Write the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    sys.stdout.write(f"wrote {write(folder)} distorted images to {folder}\n")


if __name__ == "__main__":
    main()
