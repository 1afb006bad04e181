"""What a fine-tuning minimises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.scored.made import FINE_TUNE, NETWORK, abdomen

from ctiqa.errors import UsageError
from ctiqa.models.answers import AnswersModel
from ctiqa.train.augment import draw_augmentation
from ctiqa.train.batches import Batch
from ctiqa.train.losses import ranked_probability
from ctiqa.train.scored.loss import anchor_loss, beyond_noise, loss_on_scores, response_loss
from ctiqa.train.setup.devices import Device

COUNT = 3


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Three slices and their copies."""
    hu = np.stack([abdomen(k, 128) for k in range(COUNT)])
    noise = np.random.default_rng(0).normal(0, 30, hu.shape).astype(np.float32)
    images = torch.from_numpy(np.concatenate([hu, hu + noise]))[:, None]
    label = torch.tensor([1.0, 2.0, 3.0] + [torch.nan] * COUNT)
    change = draw_augmentation(np.random.default_rng(0), 2 * COUNT, ())
    return Batch(np.tile(np.arange(COUNT), 2), images, label, None, change)


def network(seed: int) -> AnswersModel:
    torch.manual_seed(seed)
    made = AnswersModel(replace(NETWORK, beyond=True))
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return made


def test_at_the_start_nothing_departs_from_the_model(batch: Batch) -> None:
    """Then the loss on the scores is all there is, and copies have none."""
    model = network(0)
    outputs = model(batch.images)
    train = replace(FINE_TUNE, findings_weight=0.0, regions_weight=0.0)
    value = loss_on_scores(train, model, Device())(batch, outputs)
    wanted = ranked_probability(outputs.scores[:COUNT], batch.label[:COUNT]).mean()
    assert value.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_the_weight_of_the_anchor_counts(batch: Batch) -> None:
    outputs, other = network(0)(batch.images), network(1)
    light, heavy = (
        loss_on_scores(replace(FINE_TUNE, anchor_weight=w), other, Device())(batch, outputs).item()
        for w in (1.0, 3.0)
    )
    on_scores = ranked_probability(outputs.scores[:COUNT], batch.label[:COUNT]).mean().item()
    assert light > on_scores
    assert heavy - on_scores == pytest.approx(3 * (light - on_scores), rel=1e-4)


def test_scores_do_not_change_the_equivalent_noise(batch: Batch) -> None:
    """What readers say goes into the head beyond it, and past the heads that it is made of."""
    model = network(0)
    outputs = model(batch.images)
    scores = beyond_noise(outputs)
    torch.testing.assert_close(scores, outputs.scores)
    scores.mean().backward()  # type: ignore[no-untyped-call]
    assert model.beyond.weight.grad is not None
    assert model.beyond.weight.grad.abs().sum() > 0
    for head in (model.noise, model.inside):
        assert head.weight.grad is not None
        assert head.weight.grad.abs().max() < 1e-6
    assert model.head.bias.grad is not None
    assert model.head.bias.grad.sum().abs() < 1e-6


@pytest.mark.parametrize("answer", ["noise", "total", "findings", "regions"])
def test_every_answer_is_anchored(batch: Batch, answer: str) -> None:
    with torch.no_grad():
        reference = network(0)(batch.images)
    value = getattr(reference, answer).clone().requires_grad_()
    anchored = anchor_loss(reference._replace(**{answer: value}), reference, FINE_TUNE)
    assert anchored.shape == (2 * COUNT,)
    (still,) = torch.autograd.grad(anchored.sum(), value)
    assert still.abs().max() < 1e-6
    # A change of one logit of all would be none of the probabilities of regions.
    moved = value.detach() + torch.linspace(0.1, 1.0, value.numel()).view_as(value)
    further = anchor_loss(reference._replace(**{answer: moved}), reference, FINE_TUNE)
    assert (further > anchored).all()


@pytest.mark.parametrize(
    ("reference", "change", "wanted"),
    [
        (-1.0, -1.0, 0.0),
        (-1.0, -0.5, 0.0),
        (-1.0, -2.0, 0.0),
        (-1.0, -0.2, 0.3),
        (-1.0, 0.5, 1.0),
        (-1.0, -2.5, 0.5),
        (0.4, 0.1, 0.1),
        (0.4, 1.0, 0.2),
        (0.0, 0.3, 0.3),
    ],
)
def test_better_stays_better_by_half_to_twice_as_much(
    reference: float, change: float, wanted: float
) -> None:
    scores = torch.tensor([2.0, 2.0 + change], requires_grad=True)
    (loss,) = response_loss(scores, torch.tensor([3.0, 3.0 + reference]))
    assert loss.item() == pytest.approx(wanted, abs=1e-6)


def test_slices_without_their_copies_are_refused(batch: Batch) -> None:
    model = network(0)
    part = batch.part(slice(0, 2))
    with pytest.raises(UsageError, match=r"with their copies; make 'batch' a multiple of"):
        loss_on_scores(FINE_TUNE, model, Device())(part, model(part.images))
