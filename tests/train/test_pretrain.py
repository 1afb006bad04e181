"""TFKT's two phases, at the size of a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared
from tests.data.scored_sets import write_kadid

from ctiqa.data.prepare import prepare
from ctiqa.errors import DataError, UsageError
from ctiqa.evaluate.ablation.study import run_variants
from ctiqa.evaluate.ablation.variants import Variant
from ctiqa.models.build import build
from ctiqa.models.tfkt import Tfkt
from ctiqa.recipe import Kadid10kData, Recipe, TfktNetwork, TrainRecipe
from ctiqa.train.batches import batches_of
from ctiqa.train.pretrain import (
    PRETRAIN,
    Squared,
    shaping,
    train_features,
    with_pretrained_features,
)
from ctiqa.train.setup.open_run import open_run

TRAIN = TrainRecipe(epochs=1, batch=2, validate_every=0, learning_rate=1e-3, augment=("flip",))

NETWORK = TfktNetwork(features="test_efficientnet", transformer="swin_v2_t")

RECIPE = Recipe(
    "tiny-tfkt",
    system="tfkt",
    data=DATA,
    network=NETWORK,
    pretrain=TRAIN,
    student=TRAIN,
    members=0,
)


@pytest.fixture(scope="module")
def natural(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("natural")
    write_kadid(folder / "kadid", references=15)
    prepare(folder / "kadid", folder / "set", Kadid10kData(folds=2))
    return folder / "set"


@pytest.fixture(scope="module")
def first_phase(natural: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    train_features(open_run(RECIPE, natural, out, natural=True))
    return out


def test_the_second_phase_starts_from_the_first(first_phase: Path) -> None:
    torch.manual_seed(0)
    fresh = build(NETWORK)
    assert isinstance(fresh, Tfkt)
    before = {k: v.clone() for k, v in fresh.features.state_dict().items()}
    after = with_pretrained_features(fresh, RECIPE, first_phase)
    assert isinstance(after, Tfkt)
    changed = [k for k, v in after.features.state_dict().items() if not torch.equal(v, before[k])]
    assert "conv_stem.weight" in changed
    assert len(changed) > 0.9 * len([k for k in before if k.endswith("weight")])


def test_without_the_first_phase(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing; make it with 'ctiqa pretrain'"):
        with_pretrained_features(build(NETWORK), RECIPE, tmp_path)


def test_what_comes_after_the_features_does_not_shape_them(
    first_phase: Path, natural: Path
) -> None:
    other = replace(RECIPE, name="other", network=replace(NETWORK, connector="vector"))
    assert shaping(other) == shaping(RECIPE)
    file = first_phase / PRETRAIN / "best.safetensors"
    written = file.stat().st_mtime_ns
    train_features(open_run(other, natural, first_phase, natural=True))
    assert file.stat().st_mtime_ns == written, "it was trained already"
    stretched = replace(RECIPE, network=replace(NETWORK, scaling="min-max"))
    assert shaping(stretched) != shaping(RECIPE)
    with pytest.raises(DataError, match="recipe"):
        train_features(open_run(stretched, natural, first_phase, natural=True))


def test_where_the_weights_come_from_is_told(natural: Path, tmp_path: Path) -> None:
    told: list[str] = []
    train_features(open_run(RECIPE, natural, tmp_path, natural=True, log=told.append))
    assert told[0] == "weights of the features: random"


def test_photographs_become_squares_that_can_be_turned(natural: Path, tmp_path: Path) -> None:
    train = replace(TRAIN, augment=("flip", "rotate"))
    recipe = replace(RECIPE, pretrain=train)
    with pytest.raises(UsageError, match="not square, got 48×64"):
        train_features(open_run(recipe, natural, tmp_path / "a", natural=True))
    square = replace(recipe, network=replace(NETWORK, natural_side=64))
    assert train_features(open_run(square, natural, tmp_path / "b", natural=True)).exists()


def test_a_square_is_the_photograph_stretched(natural: Path, tmp_path: Path) -> None:
    run = open_run(RECIPE, natural, tmp_path, natural=True)
    plain = batches_of(run.train, TRAIN)
    batch, square = plain.batch(3), Squared(plain, 128).batch(3)
    assert square.images.shape == (2, 3, 128, 128)
    assert square.images.dtype == torch.uint8
    assert square.number.tolist() == batch.number.tolist()
    # Where a photograph is even nothing is invented.
    means = [images.float().mean(dim=(0, 2, 3)) for images in (batch.images, square.images)]
    torch.testing.assert_close(means[0], means[1], atol=1.5, rtol=0)
    assert Squared(plain, 0).batch(3).images.shape == (2, 3, 48, 64)
    assert Squared(plain, 128).per_epoch == plain.per_epoch


def values(**network: str) -> dict[str, object]:
    whole = RECIPE.as_dict()
    return {**whole, "network": {**whole["network"], **network}}


def test_variants_share_the_first_phase(prepared: Prepared, natural: Path, tmp_path: Path) -> None:
    variants = [
        Variant("corrected", values(), "corrected"),
        Variant("layout lost", values(connector="vector"), "layout-lost"),
    ]
    with pytest.raises(UsageError, match="name their data set with --natural"):
        run_variants(variants, prepared.out, tmp_path)
    found = run_variants(variants, prepared.out, tmp_path, natural=natural)
    assert [row.variant for row in found] == ["corrected", "layout lost"]
    assert len(list(tmp_path.glob("features-*"))) == 1
    assert not list(tmp_path.glob("teacher-*"))
