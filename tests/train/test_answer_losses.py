"""Losses of the answers besides the score."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.train.test_losses import NAN, f8, slopes

from ctiqa.models.contract import Outputs
from ctiqa.recipe import TrainRecipe
from ctiqa.train.answer_losses import findings_loss, further_loss, map_loss, regions_loss
from ctiqa.train.augment import draw_augmentation
from ctiqa.train.batches import Batch


def test_maps_count_where_they_are_known() -> None:
    noise = f8([[[1.0, 5.0], [2.0, 9.0]], [[1.0, 1.0], [1.0, 1.0]]], grad=True)
    target = f8([[[2.0, NAN], [5.0, NAN]], [[NAN, NAN], [NAN, NAN]]])
    loss = map_loss(noise, target)
    assert loss.tolist() == [2.0, 0.0]
    assert slopes(loss, noise) == [[[-0.5, 0.0], [-0.5, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]


def test_findings_count_where_they_are_known() -> None:
    logits = f8([[0.0, 3.0, 1.0], [1.0, 1.0, 1.0]], grad=True)
    target = f8([[1.0, NAN, 0.0], [NAN, NAN, NAN]])
    loss = findings_loss(logits, target)
    expected = (math.log(2) + math.log1p(math.e)) / 2
    assert loss.tolist() == pytest.approx([expected, 0.0])
    moved = slopes(loss, logits)
    assert moved[0][0] < 0 < moved[0][2]
    assert moved[0][1] == 0
    assert moved[1] == [0, 0, 0]


def test_either_of_two_right_regions_will_do() -> None:
    sure = f8([[9.0, -9.0, -9.0], [-9.0, 9.0, -9.0], [-9.0, -9.0, 9.0]])
    right = f8([[1.0, 1.0, 0.0]] * 3)
    loss = regions_loss(sure, right).tolist()
    assert loss[0] == pytest.approx(loss[1]) == pytest.approx(0, abs=1e-6)
    assert loss[2] > 15


def test_unknown_regions_teach_nothing() -> None:
    logits = f8([[3.0, -1.0]], grad=True)
    assert slopes(regions_loss(logits, f8([[0.0, 0.0]])), logits) == [[0.0, 0.0]]


def _batch(**known: torch.Tensor) -> Batch:
    change = draw_augmentation(np.random.default_rng(0), 2, ())
    return Batch(np.arange(2), torch.zeros(2, 1, 32, 32), torch.zeros(2), None, change, **known)


def test_only_what_is_both_answered_and_known_counts() -> None:
    logits = torch.zeros(2, 2)
    train = TrainRecipe(findings_weight=2.0, regions_weight=3.0)
    yes, first = torch.ones(2, 2), torch.tensor([[1.0, 0.0]] * 2)
    outputs = Outputs(torch.zeros(2, 1), None, None, logits, logits)
    ln2 = math.log(2)
    assert further_loss(_batch(), outputs, train).tolist() == [0, 0]
    assert further_loss(_batch(findings=yes), Outputs(torch.zeros(2, 1)), train).tolist() == [0, 0]
    both = further_loss(_batch(findings=yes, regions=first), outputs, train)
    assert both.tolist() == pytest.approx([5 * ln2] * 2)
