from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.train.tiny import TRAIN, made_up
from torch import Tensor

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.train.batches import (
    RAW_RANGE,
    BalancedBatches,
    Batch,
    EpochBatches,
    batches_of,
    example_weights,
)

RECIPE = replace(TRAIN, batch=6, steps=1000)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return made_up(tmp_path_factory.mktemp("made") / "up", {"a": 9, "b": 4, "c": 1})


def same(a: Batch, b: Batch) -> bool:
    return (
        np.array_equal(a.number, b.number)
        and torch.equal(a.images, b.images)
        and torch.equal(a.label, b.label)
        and torch.equal(noise_of(a), noise_of(b))
        and np.array_equal(a.change.symmetry, b.change.symmetry)
    )


def noise_of(batch: Batch) -> Tensor:
    assert batch.noise is not None
    return batch.noise


def test_one_step_one_batch(examples: Examples) -> None:
    assert same(
        BalancedBatches(examples, RECIPE).batch(3), BalancedBatches(examples, RECIPE).batch(3)
    )


@pytest.mark.parametrize("other", [{"seed": 2}, {"crop": 192}])
def test_another_recipe_another_batch(examples: Examples, other: dict[str, Any]) -> None:
    changed = BalancedBatches(examples, replace(RECIPE, **other))
    assert not same(BalancedBatches(examples, RECIPE).batch(3), changed.batch(3))


def test_a_batch_depends_on_its_step_alone(examples: Examples) -> None:
    batches = BalancedBatches(examples, RECIPE)
    later = [batches.batch(step) for step in range(2, 5)]
    again = [batches.batch(step) for step in (4, 3, 2)]
    assert all(map(same, later, reversed(again)))
    assert not same(later[0], later[1])


@pytest.mark.parametrize("crop", [128, 192])
def test_crops_of_pixels_and_maps_are_the_same_place(examples: Examples, crop: int) -> None:
    """Every 32×32 patch of the pixels holds the number that the map says, after every turn."""
    batches = BalancedBatches(examples, replace(RECIPE, crop=crop))
    seen = set()
    for step in range(12):
        batch = batches.batch(step).ready(torch.device("cpu"))
        noise = noise_of(batch)
        assert batch.images.shape == (6, 1, crop, crop)
        assert noise.shape == (6, crop // 32, crop // 32)
        patches = batch.images[:, 0].unfold(1, 32, 32).unfold(2, 32, 32)
        assert torch.equal(patches.amin(dim=(3, 4)), noise)
        assert torch.equal(patches.amax(dim=(3, 4)), noise)
        seen |= {tuple(each.flatten().tolist()) for each in noise}
    assert len(seen) > 20


TWINS = replace(RECIPE, batch=8, consistency_weight=1.0, augment=())


def offset(patch_numbers: Tensor) -> tuple[int, int]:
    """How far from the grid of patches a crop begins, told by where its numbers change."""
    change = (patch_numbers[0, 1:] != patch_numbers[0, :-1]).nonzero()[0].item() + 1
    below = (patch_numbers[1:, 0] != patch_numbers[:-1, 0]).nonzero()[0].item() + 1
    return int(-below % 32), int(-change % 32)


def test_twins_show_the_same_slice_a_few_pixels_on(examples: Examples) -> None:
    batches, offsets = BalancedBatches(examples, TWINS), set()
    for step in range(6):
        batch = batches.batch(step)
        noise = noise_of(batch)
        assert np.array_equal(batch.number[:4], batch.number[4:])
        assert noise[:4].isfinite().all()
        for k in range(4):
            first, second = batch.images[k, 0], batch.images[k + 4, 0]
            assert offset(first) == (0, 0)
            down, right = offset(second)
            offsets.add((down, right))
            # Nothing is known of the noise off the grid, and all of it on the grid.
            assert noise[k + 4].isfinite().all() == ((down, right) == (0, 0))
            # 16 pixels on at the most: three of four rows of patches are shown by both.
            shared = set(first.flatten().tolist()) & set(second.flatten().tolist())
            assert len(shared) >= 9
    assert len(offsets) > 10


def test_whole_twins_stay_where_they_are(examples: Examples) -> None:
    batch = BalancedBatches(examples, replace(TWINS, crop=0)).batch(0)
    assert torch.equal(batch.images[:4], batch.images[4:])
    assert torch.equal(noise_of(batch)[:4], noise_of(batch)[4:])


def test_a_crop_never_takes_part_of_a_patch(tmp_path: Path) -> None:
    ragged = made_up(tmp_path, {"a": 3}, (250, 270))
    batches = BalancedBatches(ragged, RECIPE)
    for step in range(12):
        assert batches.batch(step).images.shape == (6, 1, 128, 128)


def test_a_crop_larger_than_the_slice_is_the_slice(tmp_path: Path) -> None:
    small = made_up(tmp_path, {"a": 3}, (160, 192))
    assert BalancedBatches(small, replace(RECIPE, crop=512)).batch(0).images.shape == (
        6,
        1,
        160,
        160,
    )


def test_whole_slices_where_no_crop_is_asked_for(tmp_path: Path) -> None:
    square = made_up(tmp_path, {"a": 3}, (160, 160))
    assert BalancedBatches(square, replace(RECIPE, crop=0)).batch(0).images.shape == (
        6,
        1,
        160,
        160,
    )


@pytest.mark.parametrize(("step", "side"), [(0, 128), (3, 128), (4, 160), (5, 160)])
def test_the_last_steps_take_whole_slices(tmp_path: Path, step: int, side: int) -> None:
    square = made_up(tmp_path, {"a": 3}, (160, 160))
    recipe = replace(RECIPE, steps=6, whole_steps=2, crop=128)
    assert BalancedBatches(square, recipe).batch(step).images.shape == (6, 1, side, side)


def test_crops_seek_the_patient(tmp_path: Path) -> None:
    examples = made_up(tmp_path, {"a": 1})
    file = tmp_path / "shards" / "a.map.npy"
    maps = np.load(file)
    maps[:, :, 3:] = np.nan
    np.save(file, maps)
    known = [
        noise_of(BalancedBatches(examples, RECIPE).batch(step)).isfinite().float().mean().item()
        for step in range(10)
    ]
    # A crop of 4 columns out of 10, placed blindly, would hold 3·4/7/4 of them at best by luck.
    assert np.mean(known) > 0.5


def test_labels_go_a_little_beyond_the_scale(examples: Examples) -> None:
    batches = BalancedBatches(examples, RECIPE)
    seen = torch.cat([batches.batch(step).label for step in range(30)])
    assert (seen.min().item(), seen.max().item()) == pytest.approx(RAW_RANGE)
    batch = batches.batch(0)
    raw = examples.column("raw").astype(np.float32)[batch.number]
    assert batch.label.tolist() == np.clip(raw, *RAW_RANGE).tolist()


def test_a_patient_counts_by_the_root_of_their_examples() -> None:
    weight = example_weights(np.array(["a", "b", "b", "b", "b", "c"]), np.full(6, 2.1, np.float32))
    assert weight.sum() == pytest.approx(1)
    np.testing.assert_allclose(weight, np.array([2, 1, 1, 1, 1, 2]) / 8)


def test_a_grade_counts_by_the_root_of_its_examples() -> None:
    label = np.array([4.0, 4.1, 4.2, 3.999, 0.0], np.float32)
    weight = example_weights(np.array(["a"] * 5), label)
    np.testing.assert_allclose(weight, np.array([1, 1, 1, 3**0.5, 3**0.5]) / (3 + 2 * 3**0.5))


def test_examples_are_drawn_by_weight(examples: Examples) -> None:
    batches = BalancedBatches(examples, replace(RECIPE, batch=32))
    drawn = np.concatenate([batches.batch(step).number for step in range(20)])
    label = np.clip(examples.column("raw").astype(np.float32), *RAW_RANGE)
    weight = example_weights(examples.column("patient"), label)
    share = np.bincount(drawn, minlength=len(weight)) / len(drawn)
    np.testing.assert_allclose(share, weight, atol=0.05)


EPOCHS = replace(TRAIN, batch=4, epochs=3)


def test_an_epoch_sees_every_example_once(examples: Examples) -> None:
    batches = EpochBatches(examples, EPOCHS)
    assert batches.per_epoch == 14 // 4
    orders = []
    for epoch in range(2):
        steps = range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch)
        orders.append(np.concatenate([batches.batch(step).number for step in steps]).tolist())
    assert all(len(set(order)) == 12 for order in orders)
    assert orders[0] != orders[1]


def test_epochs_keep_labels_and_whole_slices(examples: Examples) -> None:
    batch = EpochBatches(examples, EPOCHS).batch(1)
    label = examples.column("label").astype(np.float32)
    assert batch.label.tolist() == label[batch.number].tolist()
    assert batch.images.shape == (4, 1, 256, 320)
    assert batch.noise is None


def test_the_recipe_says_which(examples: Examples) -> None:
    assert isinstance(batches_of(examples, EPOCHS), EpochBatches)
    assert isinstance(batches_of(examples, RECIPE), BalancedBatches)


def test_too_few_examples_for_a_batch(examples: Examples) -> None:
    with pytest.raises(DataError, match="'batch' must be at most the number of training examples"):
        EpochBatches(examples, replace(EPOCHS, batch=15))


def test_parts_are_the_batch(examples: Examples) -> None:
    batch = BalancedBatches(examples, RECIPE).batch(0)
    parts = [batch.part(slice(k, None, 2)) for k in range(2)]
    assert sorted(np.concatenate([p.number for p in parts]).tolist()) == sorted(batch.number)
    ready = batch.ready(torch.device("cpu")).images
    for k, part in enumerate(parts):
        assert torch.equal(part.ready(torch.device("cpu")).images, ready[k::2])
