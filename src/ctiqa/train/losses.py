"""Training losses: pure functions of predictions and targets, one value per image.

Scores, labels and teacher scores are grades, 0 (bad) to 4 (excellent). A network has a vector of
outputs [n, outputs]; its score is their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from ctiqa.errors import UsageError
from ctiqa.recipe import TrainRecipe

HuberForm = Literal["continuous", "printed"]

HUBER_POWER = 1.6
HUBER_THRESHOLD = 1.0
"""p and λ of Shen et al."""


def l1_l2(predicted: Tensor, target: Tensor) -> Tensor:
    """|e| + e² of every element, DistilIQA's regression loss; same shape as the inputs.

    Baldeon-Calisto et al. Comput Biol Med 177:108670, 2024.

    >>> l1_l2(torch.tensor([3.0]), torch.tensor([1.0])).tolist()
    [6.0]
    """
    error = predicted - target
    return error.abs() + error.square()


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """e² of every element; same shape as the inputs.

    >>> squared_error(torch.tensor([3.0]), torch.tensor([1.0])).tolist()
    [4.0]
    """
    return (predicted - target).square()


def p_huber(
    predicted: Tensor,
    target: Tensor,
    *,
    power: float = HUBER_POWER,
    threshold: float = HUBER_THRESHOLD,
    form: HuberForm = "continuous",
) -> Tensor:
    """|e|^p/p up to a threshold λ, linear beyond it; same shape as the inputs.

    Beyond λ the ``continuous`` form is λ^(p-1)·|e| - λ^p·(1 - 1/p), which meets the inside in
    value and slope; the ``printed`` one, λ·|e| - λ^p/p, falls there from 0.625 to 0.375.
    Gradients are sign(e)·|e|^(p-1) inside, and sign(e) times λ^(p-1) or λ outside: with λ = 1 the
    two forms have the same gradients, and differ in the value that is reported.

    Shen, Zhang, Liu. Modeling and Simulation 14(3):186-198, 2025.

    Args:
        predicted: Predictions in grades.
        target: Targets in grades.
        power: p, in [1, 2].
        threshold: λ in grades, > 0.
        form: Form of the linear part.

    Raises:
        UsageError: If ``power`` or ``threshold`` is outside its range.

    >>> zero = torch.zeros(2)
    >>> [round(v, 4) for v in p_huber(torch.tensor([1.0, 2.0]), zero).tolist()]
    [0.625, 1.625]
    >>> [round(v, 4) for v in p_huber(torch.tensor([1.0, 2.0]), zero, form="printed").tolist()]
    [0.625, 1.375]
    """
    if not (1 <= power <= 2 and threshold > 0):
        raise UsageError(
            f"p-Huber must have a power in [1, 2] and a threshold > 0, got {power} and {threshold}"
        )
    error = (predicted - target).abs()
    inside = error.pow(power) / power
    if form == "printed":
        outside = threshold * error - threshold**power / power
    else:
        outside = threshold ** (power - 1) * error - threshold**power * (1 - 1 / power)
    return torch.where(error <= threshold, inside, outside)


def ranked_probability(scores: Tensor, label: Tensor) -> Tensor:
    """Ranked probability score of the outputs as equally likely grades, for every image.

    E|X - y| - ½·E|X - X'|, which is ∫(F(x) - 1[y ≤ x])² dx for the distribution F of the outputs:
    the ranked probability score of ordinal grades in the limit of fine steps. It rewards the
    right grade and a spread that reflects the uncertainty. With one output it is the absolute
    error; K outputs learn the quantiles (k - ½)/K of the grades given to similar images, so their
    mean is a score as of any other head.

    Gneiting and Raftery. J Am Stat Assoc 102(477):359-378, 2007 (the score); Bröcker. Q J R
    Meteorol Soc 138(667):1611-1617, 2012 (the quantiles).

    Args:
        scores: Outputs in grades [n, outputs].
        label: True grades [n].

    Returns:
        In grades [n]; 0 if all outputs are right.

    >>> ranked_probability(torch.tensor([[0.0, 2.0]]), torch.tensor([1.0])).tolist()
    [0.5]
    """
    off = (scores - label[:, None]).abs().mean(dim=1)
    apart = (scores[:, :, None] - scores[:, None, :]).abs().mean(dim=(1, 2))
    return off - apart / 2


def label_loss(scores: Tensor, label: Tensor, recipe: TrainRecipe) -> Tensor:
    """Loss of a score vector on the label, for every image [n].

    Args:
        scores: Outputs in grades [n, outputs]; their mean is the score.
        label: True grades [n].
        recipe: ``loss`` and ``huber_form``.

    Raises:
        UsageError: If there is not exactly one label per image.
    """
    _check_shape("label", label, scores.shape[:1])
    if recipe.loss == "ranked-probability":
        return ranked_probability(scores, label)
    return regression(recipe)(scores.mean(dim=1), label)


def regression(recipe: TrainRecipe) -> Callable[[Tensor, Tensor], Tensor]:
    """The recipe's loss for single numbers.

    For ``ranked-probability`` that is the absolute error, the score of a single number.

    >>> regression(TrainRecipe(loss="mse"))(torch.tensor([3.0]), torch.tensor([1.0])).tolist()
    [4.0]
    """
    if recipe.loss == "p-huber":
        return lambda predicted, target: p_huber(predicted, target, form=recipe.huber_form)
    return ELEMENTWISE[recipe.loss]


ELEMENTWISE: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1+l2": l1_l2,
    "mse": squared_error,
    "ranked-probability": lambda predicted, target: (predicted - target).abs(),
}


def believed(teachers: Tensor, label: Tensor, recipe: TrainRecipe) -> Tensor:
    """Where the teacher is trusted: its mean is within ε of the label [n], bool.

    ``gate`` = ``batch`` trusts it for all images of the batch or for none, as DistilIQA's code
    does; the paper, and ``image``, decide per image.

    Args:
        teachers: Teacher members' scores in grades [n, members].
        label: True grades [n].
        recipe: ``distil_epsilon`` and ``gate``.

    >>> teachers, label = torch.tensor([[2.0, 2.0], [2.0, 2.5]]), torch.tensor([2.0, 2.0])
    >>> believed(teachers, label, TrainRecipe(distil_epsilon=0.05)).tolist()
    [True, False]
    >>> believed(teachers, label, TrainRecipe(distil_epsilon=0.05, gate="batch")).tolist()
    [False, False]
    """
    near = (teachers.mean(dim=1) - label).abs() <= recipe.distil_epsilon
    return near if recipe.gate == "image" else near.all().expand_as(near)


def distillation(scores: Tensor, teachers: Tensor, recipe: TrainRecipe) -> Tensor:
    """Distillation loss for every image [n]: member by member, or mean to mean.

    Args:
        scores: Student's outputs in grades [n, members].
        teachers: Teacher members' scores in grades [n, members].
        recipe: ``distil_to`` and the loss.

    Raises:
        UsageError: If outputs follow their members and their numbers differ.
    """
    loss = regression(recipe)
    if recipe.distil_to == "mean":
        return loss(scores.mean(dim=1), teachers.mean(dim=1))
    # Otherwise broadcasting would let one output follow all members.
    _check_shape("teachers", teachers, scores.shape)
    return loss(scores, teachers).mean(dim=1)


def student_loss(
    scores: Tensor, label: Tensor, teachers: Tensor | None, recipe: TrainRecipe
) -> Tensor:
    """Loss on the label, plus β times the distillation loss where the teacher is trusted [n].

    L(mean ŷ, y) + β·1(|ỹ - y| ≤ ε)·L(ŷ, teacher), as in DistilIQA (vector to vector) and Shen et
    al. (mean to mean). ``distillation`` = ``replaces`` drops the loss on the label wherever the
    teacher is trusted, as DistilIQA's code does.

    Args:
        scores: Student's outputs in grades [n, outputs].
        label: True grades [n].
        teachers: Teacher members' scores in grades [n, members]; ``None`` without a teacher.
        recipe: Weights and switches.

    Raises:
        UsageError: If the shapes of labels, outputs and teacher scores do not match.

    >>> scores, label, teachers = torch.tensor([[1.0, 3.0]]), torch.tensor([3.0]), torch.ones(1, 2)
    >>> student_loss(scores, label, teachers, TrainRecipe(distil_weight=0.75)).tolist()
    [2.0]
    >>> recipe = TrainRecipe(distil_weight=0.75, distil_epsilon=2.0)
    >>> student_loss(scores, label, teachers, recipe).tolist()
    [4.25]
    """
    on_label = label_loss(scores, label, recipe)
    if teachers is None or not recipe.distil_weight:
        return on_label
    gate = believed(teachers, label, recipe)
    taught = recipe.distil_weight * distillation(scores, teachers, recipe)
    if recipe.distillation == "replaces":
        return torch.where(gate, taught, on_label)
    return on_label + gate * taught


def twin_difference(scores: Tensor) -> Tensor:
    """Squared difference between the two halves of a batch of twins, for every image [n].

    Args:
        scores: Outputs in grades [n, outputs]; image k and image k + n/2 show the same slice.

    Raises:
        UsageError: If n is odd.

    >>> twin_difference(torch.tensor([[1.0], [2.0], [1.5], [2.0]])).tolist()
    [0.25, 0.0, 0.25, 0.0]
    """
    if len(scores) % 2:
        raise UsageError(
            f"'consistency_weight' > 0 needs images in pairs, got {len(scores)} at once; make "
            "'batch' a multiple of 2·'accumulate'·processes"
        )
    first, second = scores.chunk(2)
    return (first - second).square().mean(dim=1).repeat(2)


def _check_shape(name: str, values: Tensor, wanted: torch.Size) -> None:
    if values.shape != wanted:
        raise UsageError(f"'{name}' must be {list(wanted)}, got {list(values.shape)}")
