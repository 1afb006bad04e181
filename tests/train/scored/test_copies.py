"""Degraded copies of scored slices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.scored.made import FINE_TUNE, abdomen
from tests.train.tiny import plain_noise

from ctiqa.data.simulation.filters import FILTERS
from ctiqa.train.batches import EpochBatches
from ctiqa.train.scored import copies
from ctiqa.train.scored.copies import FAMILIES, WithCopies, degraded


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> EpochBatches:
    examples = plain_noise(tmp_path_factory.mktemp("copies") / "set").where(split="train")
    return EpochBatches(examples, replace(FINE_TUNE, augment=("flip", "rotate")))


def test_every_slice_is_followed_by_its_copy(batches: EpochBatches) -> None:
    plain, doubled = batches.batch(1), WithCopies(batches, 7).batch(1)
    count = len(plain.number)
    np.testing.assert_array_equal(doubled.number, np.tile(plain.number, 2))
    assert torch.equal(doubled.images[:count], plain.images)
    assert doubled.images.dtype == torch.int16
    assert torch.equal(doubled.label[:count], plain.label)
    assert doubled.label[count:].isnan().all()
    for k in range(count):
        assert not torch.equal(doubled.images[k], doubled.images[count + k])
    symmetry = doubled.change.symmetry
    np.testing.assert_array_equal(symmetry[:count], symmetry[count:])
    assert WithCopies(batches, 7).per_epoch == batches.per_epoch


def test_a_step_has_its_own_copies_and_always_the_same(batches: EpochBatches) -> None:
    first, again, other = (WithCopies(batches, seed).batch(0).images for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_copies_are_noisier_smoother_or_both(monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()
    monkeypatch.setattr(
        copies, "FAMILIES", tuple(f for f in FAMILIES if f in {"gaussian", "resampled"})
    )
    hu = np.rint(abdomen(0, 128)).astype(np.int16)
    hu += np.rint(np.random.default_rng(0).normal(0, 20, hu.shape)).astype(np.int16)
    inside = np.s_[48:80, 48:80]
    rng = np.random.default_rng(1)
    for _ in range(40):
        made = degraded(hu, rng)
        assert made.shape == hu.shape
        used.add(bool(np.diff(made[inside]).std() > np.diff(hu[inside]).std()))
    assert used == {True, False}


def test_the_families_are_known() -> None:
    assert set(FAMILIES) <= set(FILTERS)
