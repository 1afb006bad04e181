"""A tiny model with answers to import, and scored slices in the layout of LDCTIQAC2023."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from tests.data.scored_sets import write_tif
from tests.score.tiny_model import write_model

from ctiqa.models.answers import AnswersModel
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe import AnswersNetwork, FineTuneRecipe, Ldctiqac2023Data, Recipe
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.train.export import to_onnx
from ctiqa.types import HuImage

NAME = "tiny-answers"

NETWORK = AnswersNetwork(
    windows=("soft", "lung"),
    stem=(8, 8, 8, 8, 16),
    sizes=(4, 4, 2, 2, 2),
    blocks=1,
    heads=2,
    outputs=2,
    normalised=False,
)

FINE_TUNE = FineTuneRecipe(
    from_model=NAME,
    epochs=8,
    batch=6,
    learning_rate=3e-3,
    weight_decay=0.0,
    ema_decay=0.8,
    loss="ranked-probability",
    validate_every=0,
    select="validation-loss",
    precision="float32",
)

RECIPE = Recipe(
    "readers",
    data=Ldctiqac2023Data(folds=2),
    network=replace(NETWORK, beyond=True),
    fine_tune=FINE_TUNE,
    members=0,
)

SIDE, CROP = 256, 128
"""Side of the scored slices, and of what the tiny network is trained on."""

LEVELS_HU = np.random.default_rng(0).permutation(np.geomspace(6, 90, 36))
"""Noise of the scored slices."""


def reader_score(level_hu: float) -> float:
    """A reader who finds no slice excellent or useless: half of the scale, and strict."""
    return round(min(max(0.4 + 0.5 * score_of_noise(level_hu), 0.0), 4.0), 1)


def abdomen(patient: int, side: int) -> HuImage:
    """A patient of his own shape with organs of his own, free of noise."""
    rng = np.random.default_rng(patient)
    y, x = np.mgrid[:side, :side] / side - 0.5
    (down, right), (high, wide) = rng.uniform(-0.08, 0.08, 2), rng.uniform(0.25, 0.4, 2)
    organs = ndimage.gaussian_filter(rng.standard_normal((side, side)), side / 25)
    hu = 40 + 30 * np.sign(organs) * (np.abs(organs) > organs.std())
    outside = ((x - right) / wide) ** 2 + ((y - down) / high) ** 2 > 1
    return np.asarray(np.where(outside, -1000, hu), dtype=np.float32)


@functools.cache
def trained() -> AnswersModel:
    """A network that has seen noise for a few seconds."""
    torch.manual_seed(1)
    network = AnswersModel(NETWORK)
    within = slice((SIDE - CROP) // 2, (SIDE + CROP) // 2)
    clean = torch.from_numpy(np.stack([abdomen(k, SIDE)[within, within] for k in range(8)]))
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(100):
        level = torch.empty(8, 1, 1).uniform_(math.log(4), math.log(100)).exp()
        _, noise, total, _, _ = network((clean + level * torch.randn(8, CROP, CROP))[:, None])
        assert noise is not None
        assert total is not None
        true = level[:, 0, 0].log()
        loss = (total - true).abs().mean() + 0.1 * (noise - true[:, None, None]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        network.regions.bias[REGIONS.index("abdomen")] += 20
    return network.eval()


@functools.cache
def _onnx() -> bytes:
    return to_onnx(trained(), multiple=NETWORK.multiple)


def import_model(folder: Path, **network: Any) -> Path:
    """Put the model into a folder of imported models; its card states another network if asked.

    Returns:
        Path of the ``.onnx`` file.
    """
    return write_model(
        folder,
        NAME,
        network=_onnx(),
        members=NETWORK.outputs,
        input={"matrix": [256, 1024], "multiple": NETWORK.multiple},
        answers={"findings": FINDINGS, "regions": REGIONS, "judged": ["abdomen"]},
        training={"recipe": {"network": {**asdict(NETWORK), **network}}},
        not_trained_on=["scores given by radiologists", "cone-beam CT"],
    )


def write_scores(root: Path, *, side: int = SIDE) -> None:
    """The training part of the challenge in miniature: two slices of every patient."""
    learn = root / "LDCTIQAG2023_train"
    rng = np.random.default_rng(0)
    scores = {}
    for number, level in enumerate(LEVELS_HU):
        hu = abdomen(100 + number // 2, side) + rng.normal(0, level, (side, side))
        write_tif(learn / "image" / f"{number:04d}.tif", hu.astype(np.float32))
        scores[f"{number:04d}"] = reader_score(float(level))
    (learn / "train.json").write_text(json.dumps(scores))
