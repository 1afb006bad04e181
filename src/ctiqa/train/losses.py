"""What training minimises: pure functions of predictions and targets."""

from __future__ import annotations

from torch import Tensor


def l1_l2(predicted: Tensor, target: Tensor) -> Tensor:
    """|e| + e² of every element, DistilIQA's regression loss; same shape as the inputs.

    Baldeon-Calisto et al. Comput Biol Med 177:108670, 2024.

    >>> import torch
    >>> l1_l2(torch.tensor([3.0]), torch.tensor([1.0])).tolist()
    [6.0]
    """
    error = predicted - target
    return error.abs() + error.square()


def gated_distillation(
    scores: Tensor, teachers: Tensor, label: Tensor, *, epsilon: float
) -> Tensor:
    """Loss towards the teachers where they are believed, 0 elsewhere, for every image.

    The gate is per image, as DistilIQA's paper says (its code takes it over the batch): the mean
    of the teachers must lie within ``epsilon`` of the label.

    Args:
        scores: Student's vector [n, members].
        teachers: Teacher members' scores [n, members].
        label: True scores [n].
        epsilon: Width of the gate in grades.

    Returns:
        Loss of every image [n].

    >>> import torch
    >>> student, teacher = torch.zeros(2, 1), torch.tensor([[1.0], [1.0]])
    >>> gated_distillation(student, teacher, torch.tensor([1.0, 3.0]), epsilon=0.5).tolist()
    [2.0, 0.0]
    """
    believed = (teachers.mean(dim=1) - label).abs() <= epsilon
    return believed * l1_l2(scores, teachers).mean(dim=1)


def twin_difference(scores: Tensor) -> Tensor:
    """Squared difference between the two halves of a batch of twins, for every image [n].

    >>> import torch
    >>> twin_difference(torch.tensor([[1.0], [2.0], [1.5], [2.0]])).tolist()
    [0.25, 0.0, 0.25, 0.0]
    """
    first, second = scores.chunk(2)
    return (first - second).square().mean(dim=1).repeat(2)


def map_loss(noise: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of ln local noise where the target is known, for every image [n].

    Args:
        noise: Predicted ln noise [n, rows, cols].
        target: True ln noise, NaN outside the patient.
    """
    known = target.isfinite()
    error = (noise - target.nan_to_num(0.0)).abs() * known
    return error.sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)
