"""Tiny recipes, made-up examples and trainings of a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from ctiqa.data.manifest import SHARDS, Examples
from ctiqa.models import Stride32
from ctiqa.models.contract import Outputs
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe import Recipe, SimulateData, Stride32Network, TrainRecipe
from ctiqa.recipe.network import TOKEN
from ctiqa.train.batches import BalancedBatches, Batch
from ctiqa.train.loop import Training
from ctiqa.train.setup.run import Run

NETWORK = Stride32Network(stem=(8, 8, 8, 8, 16), blocks=1, heads=2, outputs=2)

TRAIN = TrainRecipe(steps=6, batch=4, validate_every=3, crop=128, learning_rate=1e-2)

RECIPE = Recipe(
    "tiny",
    data=SimulateData(folds=2),
    network=NETWORK,
    teacher=TRAIN,
    student=TRAIN,
    members=2,
)


def made_up(
    folder: Path, patients: dict[str, int], shape: tuple[int, int] = (256, 320)
) -> Examples:
    """Examples whose every 32×32 patch holds its own number, in pixels and map alike."""
    (folder / SHARDS).mkdir(parents=True)
    rows, cols = (-(-n // TOKEN) for n in shape)
    number = np.arange(1, rows * cols + 1, dtype=np.int16).reshape(rows, cols)
    pixels = np.kron(number, np.ones((TOKEN, TOKEN), np.int16))[: shape[0], : shape[1]]
    records = []
    for patient, count in patients.items():
        np.save(folder / SHARDS / f"{patient}.hu.npy", np.stack([pixels] * count))
        np.save(folder / SHARDS / f"{patient}.map.npy", np.stack([number.astype("f2")] * count))
        for row in range(count):
            raw = -2.0 + 8.0 * row / max(count - 1, 1)
            records.append({"shard": patient, "row": row, "patient": patient, "raw": raw})
    table = pl.DataFrame(records).with_columns(label=pl.col("raw").clip(0, 4))
    return Examples(folder, table)


def plain_noise(folder: Path, count: int = 24, side: int = 128) -> Examples:
    """Tissue with nothing but noise in it: easy to learn from."""
    (folder / SHARDS).mkdir(parents=True)
    levels_hu = np.geomspace(10, 120, count)
    noise = np.random.default_rng(0).standard_normal((count, side, side))
    hu = np.round(40 + levels_hu[:, None, None] * noise).astype(np.int16)
    known = np.broadcast_to(np.log(levels_hu)[:, None, None], (count, side // 32, side // 32))
    np.save(folder / SHARDS / "a.hu.npy", hu)
    np.save(folder / SHARDS / "a.map.npy", known.astype(np.float16))
    raw = [score_of_noise(level) for level in levels_hu]
    table = pl.DataFrame({"row": range(count), "raw": raw}).with_columns(
        shard=pl.lit("a"), patient=pl.lit("a"), label=pl.col("raw").clip(0, 4)
    )
    places = {"split": ["train", "validation"], "purpose": ["example"] * 2}
    return Examples(folder, table.join(pl.DataFrame(places), how="cross"))


def training(
    folder: Path,
    recipe: TrainRecipe = TRAIN,
    log: Callable[[str], None] = lambda _: None,
    *,
    seed: int = 0,
) -> Training:
    """A training of a tiny network."""
    torch.manual_seed(seed)
    whole = Recipe("tiny", network=NETWORK, members=2, teacher=recipe)
    return Training(
        Stride32(NETWORK), recipe, folder, {"recipe": whole.as_dict(), "data": "a hash"}, log
    )


def loss(batch: Batch, outputs: Outputs) -> Tensor:
    """Squared error, and a little of the map so that every weight learns."""
    scores, noise, *_ = outputs
    assert noise is not None
    return (scores.mean(dim=1) - batch.label).square().mean() + 0.01 * noise.square().mean()


def rising() -> Callable[[nn.Module], dict[str, float]]:
    """A validation that finds every network better than the one before."""
    calls = iter(range(1000))
    return lambda _: {"overall": float(next(calls)), "mae": 0.0}


def run(made: Training, examples: Examples) -> Path:
    """Train to the end."""
    return made.run(BalancedBatches(examples, made.recipe), loss, rising())


def run_of(recipe: Recipe, examples: Examples, out: Path, **changes: Any) -> Run:
    """A run of examples that nobody prepared."""
    return Run(recipe, examples, "a hash", out, **changes)
