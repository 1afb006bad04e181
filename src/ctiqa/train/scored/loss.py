"""Loss of a fine-tuning: readers' scores are learned, all else stays as in the installed model."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ctiqa.errors import UsageError
from ctiqa.models.answers import score_of_log_noise
from ctiqa.models.contract import Outputs
from ctiqa.recipe import FineTuneRecipe
from ctiqa.train.answer_losses import findings_loss, map_loss
from ctiqa.train.batches import Batch
from ctiqa.train.loop import Loss
from ctiqa.train.losses import label_loss
from ctiqa.train.setup.devices import Device

RESPONSE = (0.5, 2.0)
"""Least and greatest response to a degradation, in units of that of the installed model: readers
may use the scale more narrowly or more widely, but better stays better."""


def loss_on_scores(train: FineTuneRecipe, installed: nn.Module, device: Device) -> Loss:
    """Loss on readers' scores, and on departures from the installed model.

    Args:
        train: Weights.
        installed: The network before fine-tuning, frozen, on the device.
        device: Device of the training.
    """

    def loss(batch: Batch, outputs: Outputs) -> Tensor:
        _require_pairs(batch)
        with torch.no_grad(), device.autocast(train.precision):
            reference: Outputs = installed(batch.images)
        reference = reference.floats()
        scores = beyond_noise(outputs)
        scored = len(scores) // 2
        on_label = label_loss(scores[:scored], batch.label[:scored], train)
        kept = anchor_loss(outputs, reference, train)
        response = response_loss(scores.mean(dim=1), reference.scores.mean(dim=1))
        return on_label.mean() + train.anchor_weight * (kept.mean() + response.mean())

    return loss


def beyond_noise(outputs: Outputs) -> Tensor:
    """The scores [n, outputs], with no gradient to the equivalent noise that they are made of.

    So readers change what the score says beyond the equivalent noise, not the equivalent noise.
    """
    of_noise = score_of_log_noise(_given(outputs.total))[:, None]
    return outputs.scores - of_noise + of_noise.detach()


def anchor_loss(outputs: Outputs, reference: Outputs, train: FineTuneRecipe) -> Tensor:
    """Departure of all answers but the score from those of the installed model, per image [n].

    Args:
        outputs: Answers of the network.
        reference: Answers of the installed model to the same images.
        train: Weights of map, findings and regions; the equivalent noise (ln) has the weight 1.
    """
    regions = functional.cross_entropy(
        _given(outputs.regions), _given(reference.regions).softmax(dim=1), reduction="none"
    )
    findings = findings_loss(_given(outputs.findings), _given(reference.findings).sigmoid())
    return (
        (_given(outputs.total) - _given(reference.total)).abs()
        + train.map_weight * map_loss(_given(outputs.noise), _given(reference.noise))
        + train.findings_weight * findings
        + train.regions_weight * regions
    )


def response_loss(scores: Tensor, reference: Tensor) -> Tensor:
    """How far the change of the score by a degradation leaves its range, per pair of images [n/2].

    Args:
        scores: Scores in grades [n]; image k + n/2 is a degraded copy of image k.
        reference: Scores of the same images by the installed model; the change may be
            :data:`RESPONSE` times theirs.

    >>> said = torch.tensor([3.0, 3.0, 3.0, 1.5, 2.6, 3.5])  # after, relative to before:
    >>> reference = torch.tensor([3.0, 3.0, 3.0, 2.0, 2.0, 2.0])  # −1.5, −0.4, +0.5 for −1 each
    >>> [round(v, 4) for v in response_loss(said, reference).tolist()]
    [0.0, 0.1, 1.0]
    """
    change, usual = (after - before for before, after in (scores.chunk(2), reference.chunk(2)))
    ends = usual * RESPONSE[0], usual * RESPONSE[1]
    return (change - change.clamp(torch.minimum(*ends), torch.maximum(*ends))).abs()


def _given(answer: Tensor | None) -> Tensor:
    if answer is None:
        raise TypeError("the network must give all answers")
    return answer


def _require_pairs(batch: Batch) -> None:
    """Refuse a part of a batch that separates slices from their copies."""
    scored, copied = np.split(batch.number, [len(batch.number) // 2])
    if not np.array_equal(scored, copied):
        raise UsageError(
            "every process must get slices with their copies; make 'batch' a multiple of "
            "'accumulate'·processes"
        )
