"""What is minimised besides the score: map of noise, findings, region; a value for every image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctiqa.models.contract import Outputs
from ctiqa.recipe import TrainRecipe
from ctiqa.train.batches import Batch


def further_loss(batch: Batch, outputs: Outputs, train: TrainRecipe) -> Tensor:
    """Loss on every answer but the score that the network gives and the examples know [n].

    Args:
        batch: Examples with their targets.
        outputs: What the network says of them, single precision.
        train: Weights.
    """
    each = torch.zeros_like(batch.label)
    if outputs.noise is not None and batch.noise is not None:
        each = each + train.map_weight * map_loss(outputs.noise, batch.noise)
    if outputs.findings is not None and batch.findings is not None:
        each = each + train.findings_weight * findings_loss(outputs.findings, batch.findings)
    if outputs.regions is not None and batch.regions is not None:
        each = each + train.regions_weight * regions_loss(outputs.regions, batch.regions)
    return each


def map_loss(noise: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of ln local noise where the target is known, for every image [n].

    Args:
        noise: Predicted ln noise (in HU) [n, rows, cols].
        target: True ln noise, NaN outside the patient.

    Returns:
        In units of ln [n], 0 where nothing is known.

    >>> known = torch.tensor([[[2.0, torch.nan]]])
    >>> map_loss(torch.tensor([[[1.5, 9.0]]]), known).tolist()
    [0.5]
    """
    known = target.isfinite()
    error = (noise - target.nan_to_num(0.0)).abs() * known
    return error.sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)


def findings_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy of the findings that are known, for every image [n].

    Args:
        logits: Predicted logits [n, findings].
        target: 1 for yes, 0 for no, NaN where it cannot be told.

    >>> known = torch.tensor([[1.0, torch.nan]])
    >>> round(findings_loss(torch.tensor([[0.0, 9.0]]), known).item(), 4)  # ln 2
    0.6931
    """
    known = target.isfinite()
    error = functional.binary_cross_entropy_with_logits(
        logits, target.nan_to_num(0.0), reduction="none"
    )
    return (error * known).sum(dim=1) / known.sum(dim=1).clamp(min=1)


def regions_loss(logits: Tensor, right: Tensor) -> Tensor:
    """Negative log-probability of the regions that are right, for every image [n].

    Args:
        logits: Predicted logits [n, regions].
        right: 1 for every region that is right, 0 for the others; all 0 where nothing is known.

    >>> either = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    >>> [round(v, 4) for v in regions_loss(torch.zeros(2, 4), either).tolist()]  # ln 2, nothing
    [0.6931, 0.0]
    """
    known = right.sum(dim=1) > 0
    among = logits.masked_fill((right == 0) & known[:, None], -torch.inf).logsumexp(dim=1)
    return (logits.logsumexp(dim=1) - among) * known
