"""Baselines: on the scale of the labels, distinct from methods, refused if data are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import ndimage
from tests.evaluate.made import opened, rows, write_set

from ctiqa.data.manifest import SHARDS
from ctiqa.errors import DataError, UsageError
from ctiqa.evaluate.ablation.study import baseline_summaries
from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.evaluation import Options, evaluate
from ctiqa.evaluate.predictors.baselines import (
    BASELINES,
    FULL_REFERENCE,
    NO_REFERENCE,
    has_originals,
    open_baseline,
)
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.predictors.predictor import score_examples
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.no_reference.noise import global_noise_level

SIDE = 384


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    """Patients of blobs of tissue; every slice at three doses, lower ones noisier."""
    folder = write_set(tmp_path_factory.mktemp("set") / "set", side=SIDE)
    table = pl.DataFrame(rows())
    for number, ((shard,), part) in enumerate(table.group_by("shard", maintain_order=True)):
        hu = [slice_of(number, dose) for dose in part["dose"]]
        np.save(folder / SHARDS / f"{shard}.hu.npy", np.stack(hu))
    return open_labelled(folder)


def slice_of(number: int, dose: float) -> npt.NDArray[np.int16]:
    rng = np.random.default_rng(number)
    rows_, cols = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    organs = 40 + 30 * np.sign(ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), 9))
    noise = 8 / dose * np.random.default_rng([number, int(100 * dose)]).normal(0, 1, organs.shape)
    body = np.where(np.hypot(rows_, cols) < 0.48 * SIDE, organs + noise, -1000)
    return np.round(body).astype(np.int16)


@pytest.mark.parametrize("name", BASELINES)
def test_scores_are_on_the_scale_of_the_labels(name: str, labelled: Labelled) -> None:
    found = open_baseline(name, labelled)
    assert (found.name, found.kind) == (name, "reference")
    held = labelled.of_purpose("example", "validation")
    assert found.knows(labelled.examples)
    assert found.knows(held), "the curve that others are mapped with needs it"
    fitted = score_examples(found, held, labelled.scale).score
    label = held.column("label").astype(float)
    assert abs(fitted.mean() - label.mean()) < 0.35, "least squares leave no great bias"
    assert np.ptp(fitted) > 0.1


def test_training_data_of_a_baseline_are_no_question(labelled: Labelled) -> None:
    found = evaluate([open_baseline("noise-level", labelled)], labelled, Options())
    assert not any("noise-level" in note for note in found.notes)


def test_less_noise_is_a_higher_score(labelled: Labelled) -> None:
    found = open_baseline("noise-level", labelled)
    images = labelled.examples.images()
    noise = [global_noise_level(np.asarray(images[k], np.float32)) for k in range(len(images))]
    scores = score_examples(found, labelled.examples, labelled.scale).score
    known = np.isfinite(noise)
    assert agreement(scores[known], -np.array(noise)[known]).srocc > 0.99


@pytest.mark.parametrize("name", FULL_REFERENCE)
def test_an_original_is_most_like_itself(name: str, labelled: Labelled) -> None:
    found = open_baseline(name, labelled)
    table = labelled.examples.table.with_columns(
        score=pl.Series([found.given[i] for i in labelled.examples.table["id"]])
    )
    best = table.group_by("shard").agg(
        pl.col("score").max().alias("best"), pl.col("score").sort_by("row").first().alias("own")
    )
    assert best["best"].to_list() == best["own"].to_list()


def test_they_are_opened_by_name(labelled: Labelled) -> None:
    found = open_predictors(["noise-level", "psnr"], [], labelled, threads=1)
    assert [(each.name, each.kind) for each in found] == [
        ("noise-level", "reference"),
        ("psnr", "reference"),
    ]


def test_a_table_names_those_that_see_the_original(labelled: Labelled) -> None:
    found = baseline_summaries(labelled.whole.folder)
    assert [row.variant for row in found] == [
        "noise-level (no training)",
        "niqe (no training)",
        "psnr (sees the original)",
        "ssim (sees the original)",
    ]
    assert all(row.teacher_overall is None and row.spread is None for row in found)


def test_without_originals(tmp_path: Path) -> None:
    labelled = opened(tmp_path / "set", dose=pl.lit(0.5))
    assert not has_originals(labelled)
    with pytest.raises(UsageError, match="PSNR and SSIM need the original of every slice"):
        open_predictors(["ssim"], [], labelled, threads=1)


def test_without_a_validation_split(tmp_path: Path) -> None:
    kept = [row for row in rows() if row["split"] != "validation"]
    labelled = opened(tmp_path / "set", table=kept)
    for name in NO_REFERENCE:
        with pytest.raises(
            DataError, match=f"'{name}' is mapped to the scale of the labels on the validation"
        ):
            open_baseline(name, labelled)
