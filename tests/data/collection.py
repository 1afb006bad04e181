"""A small collection of synthetic patients, and the data set made from it."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from ctiqa.data.prepare import prepare
from ctiqa.recipe import SimulateData
from ctiqa.types import HuImage

SIDE = 128

RECIPE = SimulateData(train_examples=3, held_out_examples=3, folds=2, test_share=0.25)

PATIENTS = {
    "C0": ("chest", "STANDARD"),
    "C1": ("chest", "BONE"),
    "C2": ("chest", "B20f"),
    "C3": ("chest", "STANDARD"),
    "C4": ("chest", "STANDARD"),
    "A0": ("abdomen", "STANDARD"),
    "A1": ("abdomen", "STANDARD"),
    "A2": ("abdomen", "B30s"),
}
"""Region and kernel of every patient."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A collection and the data set made from it."""

    root: Path
    out: Path


def patient_slice(seed: int, side: int = SIDE, *, noise_hu: float = 12.0) -> HuImage:
    """An ellipse of tissue with two lungs, a vertebra and vessels, in HU."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side - 0.5
    hu = np.full((side, side), -1000.0)
    hu[(x / 0.42) ** 2 + (y / 0.33) ** 2 < 1] = 40
    for centre in (-0.2, 0.2):
        hu[((x - centre) / 0.1) ** 2 + (y / 0.18) ** 2 < 1] = -850
    hu[(x / 0.06) ** 2 + ((y - 0.22) / 0.05) ** 2 < 1] = 400
    for _ in range(6):
        across, down = rng.uniform(-0.3, 0.3), rng.uniform(-0.2, 0.2)
        hu[(x - across) ** 2 + (y - down) ** 2 < 0.02**2] += 60
    grain = ndimage.gaussian_filter(rng.standard_normal((side, side)), 0.7)
    noisy = hu + noise_hu * grain / grain.std()
    return np.asarray(np.maximum(noisy, -1024), dtype=np.float32)


def record(patient: str, **changes: Any) -> dict[str, Any]:
    """One entry of an index."""
    region, kernel = PATIENTS[patient]
    return {
        "file": f"series-{patient}.npz",
        "patient_id": patient,
        "region": region,
        "kernel": kernel,
        "n_slices": 1,
        "licence": "CC0",
        "origin": "made here",
    } | changes


def write_collection(root: Path) -> Path:
    """Write index and pixels of every patient."""
    root.mkdir(parents=True)
    for seed, patient in enumerate(PATIENTS):
        np.savez(
            root / f"series-{patient}.npz",
            hu=np.round(patient_slice(seed)).astype(np.int16)[None],
            spacing_mm=np.array([5.0, 2.4, 2.4]),
            z_mm=np.array([0.0]),
        )
    (root / "index.json").write_text(json.dumps([record(p) for p in PATIENTS]))
    return root


@functools.cache
def prepared_under(base: Path) -> Prepared:
    """The data set, prepared once per test session."""
    root = write_collection(base / "ctiqa-collection")
    out = base / "ctiqa-prepared"
    prepare(root, out, RECIPE)
    return Prepared(root, out)
