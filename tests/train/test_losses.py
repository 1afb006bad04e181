from __future__ import annotations

import math

import pytest
import torch

from ctiqa.train.losses import gated_distillation, l1_l2, map_loss

NAN = math.nan


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slope"),
    [(3.0, 1.0, 6.0, 5.0), (1.0, 3.0, 6.0, -5.0), (1.5, 1.0, 0.75, 2.0), (2.0, 2.0, 0.0, 0.0)],
)
def test_l1_l2_by_hand(predicted: float, target: float, value: float, slope: float) -> None:
    x = torch.tensor([predicted], requires_grad=True)
    loss = l1_l2(x, torch.tensor([target]))
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert loss.tolist() == [value]
    assert x.grad is not None
    assert x.grad.tolist() == [slope]


def test_the_gate_is_per_image() -> None:
    scores = torch.tensor([[1.0, 3.0], [1.0, 3.0], [1.0, 3.0]], requires_grad=True)
    teachers = torch.tensor([[2.0, 2.0], [2.0, 2.0], [1.0, 3.0]])
    label = torch.tensor([2.4, 2.6, 2.5])
    loss = gated_distillation(scores, teachers, label, epsilon=0.5)
    assert loss.tolist() == [2.0, 0.0, 0.0]
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    # d/ds of (|e| + e²)/2 at e = ∓1, then the closed gate, then e = 0.
    assert scores.grad.tolist() == [[-1.5, 1.5], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(("distance", "open_"), [(0.5, True), (0.51, False), (-0.5, True)])
def test_the_edge_of_the_gate(distance: float, open_: bool) -> None:
    loss = gated_distillation(
        torch.zeros(1, 1), torch.ones(1, 1), torch.tensor([1 + distance]), epsilon=0.5
    )
    assert bool(loss.item()) is open_


def test_every_member_is_followed_by_its_own_output() -> None:
    teachers = torch.tensor([[1.0, 3.0]])
    right, swapped = (
        gated_distillation(s, teachers, torch.tensor([2.0]), epsilon=0.5).item()
        for s in (torch.tensor([[1.0, 3.0]]), torch.tensor([[3.0, 1.0]]))
    )
    assert (right, swapped) == (0.0, 6.0)


def test_maps_count_where_they_are_known() -> None:
    noise = torch.tensor([[[1.0, 5.0], [2.0, 9.0]], [[1.0, 1.0], [1.0, 1.0]]], requires_grad=True)
    target = torch.tensor([[[2.0, NAN], [5.0, NAN]], [[NAN, NAN], [NAN, NAN]]])
    loss = map_loss(noise, target)
    assert loss.tolist() == [2.0, 0.0]
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert noise.grad is not None
    assert noise.grad.tolist() == [[[-0.5, 0.0], [-0.5, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]
