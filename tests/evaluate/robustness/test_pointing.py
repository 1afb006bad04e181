"""Whether the map of local noise points to a degraded place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ctiqa.data.manifest import SHARDS, Examples
from ctiqa.evaluate.robustness.pointing import PATTERNS, pointing
from ctiqa.hu import AIR_HU
from ctiqa.metrics.no_reference.noise import local_deviation
from ctiqa.recipe.network import TOKEN
from ctiqa.score.engines.protocol import Answers, ImageBatch

COUNT = 6


def patients(folder: Path, radius: int) -> Examples:
    """Round patients of water with some noise."""
    (folder / SHARDS).mkdir()
    rows, cols = np.indices((256, 288)) - np.array([128, 144])[:, None, None]
    noise = np.random.default_rng(0).normal(0, 5, (COUNT, 256, 288))
    hu = np.where(np.hypot(rows, cols) < radius, noise, AIR_HU)
    np.save(folder / SHARDS / "a.hu.npy", hu.astype(np.int16))
    table = pl.DataFrame({"row": range(COUNT)}).with_columns(shard=pl.lit("a"))
    return Examples(folder, table)


def deviations(hu: ImageBatch) -> ImageBatch:
    """Mean local deviation of every patch, by no network at all; the rim of the patient is out."""
    local = np.stack([local_deviation(each) for each in hu])
    local[local > 200] = 0
    parts = local.reshape(len(hu), 256 // TOKEN, TOKEN, 288 // TOKEN, TOKEN)
    return np.asarray(parts.mean(axis=(2, 4)), dtype=np.float32)


def test_a_map_of_the_noise_points_to_the_place(tmp_path: Path) -> None:
    def answer(hu: ImageBatch) -> Answers:
        return Answers(np.zeros((len(hu), 1), np.float32), deviations(hu))

    found = pointing(answer, patients(tmp_path, 120))
    assert set(found) == set(PATTERNS)
    for each in found.values():
        assert (each.n, each.pointed) == (COUNT, 1.0)


def test_a_map_that_knows_nothing_points_elsewhere(tmp_path: Path) -> None:
    def answer(hu: ImageBatch) -> Answers:
        return Answers(np.zeros((len(hu), 1), np.float32), -deviations(hu))

    found = pointing(answer, patients(tmp_path, 120))
    assert max(each.pointed for each in found.values()) < 0.5


@pytest.mark.parametrize("radius", [40, 120])
def test_without_room_or_map_there_is_nothing_to_report(tmp_path: Path, radius: int) -> None:
    def answer(hu: ImageBatch) -> Answers:
        if radius == 120:
            return Answers(np.zeros((len(hu), 1), np.float32))
        raise AssertionError("nothing was degraded")

    assert pointing(answer, patients(tmp_path, radius)) == {}


@pytest.mark.parametrize("pattern", PATTERNS.values())
def test_patterns_have_unit_rms(pattern: object) -> None:
    assert callable(pattern)
    added = pattern(np.random.default_rng(1), (128, 96))
    assert added.shape == (128, 96)
    assert np.sqrt(np.mean(added**2)) == pytest.approx(1, abs=0.05)
