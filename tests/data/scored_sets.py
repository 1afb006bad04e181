"""Miniature copies of the layouts of scored images, made of real slices."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image
from tests.data.collection import patient_slice

from ctiqa.io import find_scans, read_slice
from ctiqa.types import HuImage

EXAMPLE = Path(__file__).parents[2] / "src" / "ctiqa" / "assets" / "example"

GRADES = {"train": 5, "test": 6}
"""Steps per grade in the scores of the challenge: panels of five and six readers."""


@cache
def real_slices() -> tuple[HuImage, ...]:
    """The slices of the example scan, in HU."""
    (scan,) = find_scans([EXAMPLE]).scans
    return tuple(read_slice(header).hu for header in scan.headers)


def anatomy(number: int) -> HuImage:
    """A slice with distinct anatomy: four rotations of the example scan, then phantoms."""
    if number < 4:
        return np.ascontiguousarray(np.rot90(real_slices()[0], number))
    return patient_slice(number, 256)


def write_tif(file: Path, hu: HuImage) -> None:
    """A slice as the challenge stores it: float32, HU −1000…400 as 0…1."""
    file.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(file, ((np.clip(hu, -1000, 400) + 1000) / 1400).astype(np.float32))


def write_challenge(root: Path, *, train: int = 6, test: int = 2) -> None:
    """The published layout: two slices per patient in the training part, one in the test part."""
    learn = root / "LDCTIQAG2023_train"
    rng = np.random.default_rng(0)
    scores = {}
    for number in range(train):
        noisy = anatomy(number // 2) + rng.normal(0, 8 * number, anatomy(number // 2).shape)
        write_tif(learn / "image" / f"{number:04d}.tif", noisy.astype(np.float32))
        scores[f"{number:04d}"] = number / GRADES["train"]
    (learn / "train.json").write_text(json.dumps(scores, indent=4))
    if not test:
        return
    held_out = root / "LDCTIQAG2023_test"
    names = [f"test{number:03d}" for number in range(test)]
    for number, name in enumerate(names):
        write_tif(held_out / "images" / f"{name}.tiff", anatomy(10 + number))
    grades = {name: number / GRADES["test"] for number, name in enumerate(names)}
    (held_out / "test.json").write_text(json.dumps(grades, indent=4))


def photograph(number: int) -> npt.NDArray[np.uint8]:
    """A natural image of KADID's shape, as far as random blobs are natural."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((64, 48)), dtype=np.uint8)


def write_kadid(root: Path, *, references: int = 5, levels: int = 2) -> list[list[str]]:
    """The published layout; the rows of its table."""
    images = root / "images"
    images.mkdir(parents=True)
    rows = []
    for ref in range(1, references + 1):
        Image.fromarray(photograph(ref)).save(images / f"I{ref:02d}.png")
        for level in range(1, levels + 1):
            name = f"I{ref:02d}_01_{level:02d}.png"
            Image.fromarray(photograph(ref) // level).save(images / name)
            rows.append([name, f"I{ref:02d}.png", f"{5 - level * 0.8:.2f}", "0.9"])
    write_csv(root / "dmos.csv", ("dist_img", "ref_img", "dmos", "var"), rows)
    return rows


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)


def lines_of(message: str) -> list[str]:
    """The problems that an error lists."""
    return [line.strip() for line in message.splitlines()[1:]]


def files_of(folder: Path) -> Mapping[Path, int]:
    """Every file with its modification time."""
    return {f: f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file()}
