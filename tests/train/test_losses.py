from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor, nn

from ctiqa.errors import UsageError
from ctiqa.recipe import TrainRecipe
from ctiqa.recipe.published import defects_of
from ctiqa.train.losses import (
    HuberForm,
    believed,
    distillation,
    l1_l2,
    label_loss,
    p_huber,
    ranked_probability,
    regression,
    squared_error,
    student_loss,
    twin_difference,
)

NAN = math.nan

DISTILIQA = TrainRecipe(loss="l1+l2", distil_weight=0.75, distil_epsilon=0.05)
SHEN = TrainRecipe(loss="p-huber", distil_weight=0.75, distil_epsilon=0.05, distil_to="mean")

grades = st.floats(-0.5, 4.5).map(lambda v: round(v, 3))


def f8(values: object, *, grad: bool = False) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=grad)


TEACHERS = f8([[1.0, 0.5, 1.5], [2.0, 2.5, 3.0], [0.1, 2.0, 1.9], [1.0, 2.0, 3.0]])


def slopes(loss: Tensor, of: Tensor) -> Any:
    (found,) = torch.autograd.grad(loss.sum(), of)
    return found.numpy().round(12).tolist()


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slope"),
    [(3.0, 1.0, 6.0, 5.0), (1.0, 3.0, 6.0, -5.0), (1.5, 1.0, 0.75, 2.0), (2.0, 2.0, 0.0, 0.0)],
)
def test_l1_l2_by_hand(predicted: float, target: float, value: float, slope: float) -> None:
    x = f8([predicted], grad=True)
    loss = l1_l2(x, f8([target]))
    assert loss.tolist() == [value]
    assert slopes(loss, x) == [slope]


def test_the_squared_error_by_hand() -> None:
    x = f8([3.0, 1.0, 1.5], grad=True)
    loss = squared_error(x, f8([1.0, 3.0, 1.5]))
    assert loss.tolist() == [4.0, 4.0, 0.0]
    assert slopes(loss, x) == [4.0, -4.0, 0.0]


# p = 1.5, λ = 4: inside e = 1 gives 1/1.5 with slope 1; beyond it, e = 9 gives
# 4^0.5·9 - 4^1.5·(1 - 1/1.5) = 18 - 8/3 with slope 4^0.5 (continuous),
# 4·9 - 4^1.5/1.5 = 36 - 16/3 with slope 4 (printed).
@pytest.mark.parametrize(
    ("form", "value", "slope"), [("continuous", 46 / 3, 2.0), ("printed", 92 / 3, 4.0)]
)
def test_p_huber_by_hand_on_both_sides(form: HuberForm, value: float, slope: float) -> None:
    x = f8([1.0, -1.0, 9.0, -9.0, 0.0], grad=True)
    loss = p_huber(x, f8([0.0] * 5), power=1.5, threshold=4.0, form=form)
    assert loss.tolist() == pytest.approx([2 / 3, 2 / 3, value, value, 0.0])
    assert slopes(loss, x) == pytest.approx([1.0, -1.0, slope, -slope, 0.0])


def test_p_huber_as_the_paper_sets_it() -> None:
    # 0.5^1.6 = 0.329877; /1.6 = 0.206173; slope 0.5^0.6 = 0.659754.
    x = f8([0.5, 1.0], grad=True)
    loss = p_huber(x, f8([0.0, 0.0]))
    assert loss.tolist() == pytest.approx([0.206173, 0.625], abs=1e-6)
    assert slopes(loss, x) == pytest.approx([0.659754, 1.0], abs=1e-6)


def test_the_printed_form_falls_at_its_threshold() -> None:
    beyond = p_huber(f8([1 + 1e-9]), f8([0.0]), form="printed").item()
    assert beyond == pytest.approx(0.375)
    assert p_huber(f8([1 + 1e-9]), f8([0.0])).item() == pytest.approx(0.625)


@given(power=st.floats(1.05, 2), threshold=st.floats(0.1, 3))
def test_the_continuous_form_has_no_step_and_no_corner(power: float, threshold: float) -> None:
    x = f8([threshold * (1 - 1e-7), threshold * (1 + 1e-7)], grad=True)
    loss = p_huber(x, f8([0.0, 0.0]), power=power, threshold=threshold)
    inside, outside = loss.tolist()
    assert outside == pytest.approx(inside, rel=1e-6)
    left, right = slopes(loss, x)
    assert right == pytest.approx(left, rel=1e-6)


@given(error=st.floats(-5, 5))
def test_p_huber_of_power_two_is_hubers_loss(error: float) -> None:
    ours = p_huber(f8([error]), f8([0.0]), power=2.0, threshold=1.0)
    assert ours.item() == pytest.approx(nn.HuberLoss(delta=1.0)(f8([error]), f8([0.0])).item())


@pytest.mark.parametrize(("power", "threshold"), [(0.9, 1.0), (2.1, 1.0), (1.6, 0.0), (NAN, 1.0)])
def test_p_huber_refuses_what_is_no_loss(power: float, threshold: float) -> None:
    with pytest.raises(UsageError, match="a power in"):
        p_huber(f8([1.0]), f8([0.0]), power=power, threshold=threshold)


def integral(outputs: list[float], label: float) -> float:
    """∫(F(x) - 1[label ≤ x])² dx, one step of F after the other."""
    points = np.sort(np.array([*outputs, label]))
    share = np.array([np.mean(np.array(outputs) <= x) for x in points[:-1]])
    return float(np.sum((share - (points[:-1] >= label)) ** 2 * np.diff(points)))


@given(outputs=st.lists(grades, min_size=1, max_size=6), label=grades)
def test_the_ranked_probability_score_is_its_integral(outputs: list[float], label: float) -> None:
    found = ranked_probability(f8([outputs]), f8([label])).item()
    assert found == pytest.approx(integral(outputs, label), abs=1e-12)


@given(outputs=st.lists(st.integers(0, 20), min_size=2, max_size=5), label=st.integers(0, 20))
def test_on_the_challenges_21_grades_it_is_the_sum_over_grades(
    outputs: list[int], label: int
) -> None:
    share = np.array([np.mean(np.array(outputs) <= grade) for grade in range(21)])
    ordinal = np.sum((share - (np.arange(21) >= label)) ** 2)
    found = ranked_probability(f8([outputs]) * 0.2, f8([label]) * 0.2).item()
    assert found == pytest.approx(0.2 * ordinal, abs=1e-12)


@given(outputs=st.lists(grades, min_size=2, max_size=2))
def test_outputs_learn_quantiles(outputs: list[float]) -> None:
    labels = f8([0.0, 1.0, 2.0, 3.0])
    others, quantiles = (
        ranked_probability(f8([pair]).expand(4, -1), labels).mean().item()
        for pair in (outputs, [0.5, 2.5])
    )
    assert quantiles <= others + 1e-12


def test_one_output_ranks_by_its_absolute_error() -> None:
    assert ranked_probability(f8([[3.0], [0.5]]), f8([1.0, 1.0])).tolist() == [2.0, 0.5]


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: l1_l2(x.mean(dim=1), y),
        lambda x, y: squared_error(x.mean(dim=1), y),
        lambda x, y: p_huber(x.mean(dim=1), y),
        lambda x, y: p_huber(x.mean(dim=1), y, form="printed"),
        ranked_probability,
        lambda x, y: student_loss(x, y, y[:, None] + 0.01, replace(DISTILIQA, distil_to="mean")),
        lambda x, y: student_loss(x, y, TEACHERS, replace(DISTILIQA, distil_epsilon=9.0)),
        lambda x, y: student_loss(x, y, TEACHERS, replace(SHEN, distil_epsilon=9.0)),
        lambda x, y: twin_difference(x),
    ],
)
def test_gradients_are_those_of_the_values(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    # Errors on both sides of the threshold, away from the corners of |e|.
    scores = f8([[0.3, 0.9, 2.1], [3.1, 2.2, 3.8], [1.0, 0.2, 0.4], [3.9, 1.7, 2.4]], grad=True)
    label = f8([1.3, 1.0, 2.5, 2.9])
    assert torch.autograd.gradcheck(lambda x: loss(x, label), (scores,))


def test_the_recipe_names_the_loss() -> None:
    predicted, target = f8([3.0]), f8([1.0])
    found = {
        name: regression(TrainRecipe(loss=name))(predicted, target).item()
        for name in ("l1+l2", "mse", "p-huber", "ranked-probability")
    }
    assert found == pytest.approx(
        {"l1+l2": 6.0, "mse": 4.0, "p-huber": 1.625, "ranked-probability": 2.0}
    )
    printed = regression(TrainRecipe(loss="p-huber", huber_form="printed"))
    assert printed(predicted, target).item() == pytest.approx(1.375)


def test_the_loss_on_labels_is_that_of_the_mean() -> None:
    scores, label = f8([[1.0, 3.0]]), f8([1.0])
    assert label_loss(scores, label, TrainRecipe(loss="mse")).tolist() == [1.0]
    # Of the spread, not of the mean alone: (0 + 2)/2 - (2 + 2)/8.
    ranked = TrainRecipe(loss="ranked-probability")
    assert label_loss(scores, label, ranked).tolist() == [0.5]


@pytest.mark.parametrize(("distance", "open_"), [(0.5, True), (0.51, False), (-0.5, True)])
def test_the_edge_of_the_gate(distance: float, open_: bool) -> None:
    recipe = TrainRecipe(distil_epsilon=0.5)
    assert believed(f8([[0.5, 1.5]]), f8([1 + distance]), recipe).tolist() == [open_]


def test_one_doubt_closes_the_gate_of_a_batch() -> None:
    recipe = TrainRecipe(distil_epsilon=0.5, gate="batch")
    teachers, label = f8([[2.0], [2.0]]), f8([2.4, 2.6])
    assert believed(teachers, label, recipe).tolist() == [False, False]
    assert believed(teachers, f8([2.4, 1.6]), recipe).tolist() == [True, True]


def test_every_member_is_followed_by_its_own_output() -> None:
    teachers = f8([[1.0, 3.0]])
    right, swapped = (
        distillation(f8(s), teachers, DISTILIQA).item() for s in ([[1.0, 3.0]], [[3.0, 1.0]])
    )
    assert (right, swapped) == (0.0, 6.0)
    to_mean = replace(DISTILIQA, distil_to="mean")
    assert distillation(f8([[3.0, 1.0]]), teachers, to_mean).item() == 0.0


def test_the_students_loss_and_its_gradient_by_hand() -> None:
    scores = f8([[1.0, 3.0], [1.0, 3.0], [1.0, 3.0]], grad=True)
    teachers = f8([[2.0, 2.0], [2.0, 2.0], [1.0, 3.0]])
    label = f8([2.5, 2.6, 1.5])
    recipe = replace(DISTILIQA, distil_epsilon=0.5)
    loss = student_loss(scores, label, teachers, recipe)
    # |e| + e² of the mean, 2: 0.75, 0.96, 0.75; and 0.75·2, a closed gate, and 0.75·0.
    assert loss.tolist() == pytest.approx([2.25, 0.96, 0.75])
    # (sign e + 2e)/2 of the mean, then 0.75·(sign e + 2e)/2 of every output.
    assert np.array(slopes(loss, scores)) == pytest.approx(
        np.array([[-1.0 - 1.125, -1.0 + 1.125], [-1.1, -1.1], [1.0, 1.0]])
    )


def test_distillation_that_replaces_drops_the_label_where_it_fires() -> None:
    scores, teachers = f8([[1.0, 3.0], [1.0, 3.0]]), f8([[2.0, 2.0], [2.0, 2.0]])
    recipe = replace(DISTILIQA, distil_epsilon=0.5, distillation="replaces")
    label = f8([2.5, 2.6])
    assert student_loss(scores, label, teachers, recipe).tolist() == pytest.approx([1.5, 0.96])


def as_published(system: str, recipe: TrainRecipe) -> TrainRecipe:
    keys = {k: v for defect in defects_of(system) for k, v in defect.keys.items()}
    named: dict[str, Any] = {
        key.removeprefix("student."): value
        for key, value in keys.items()
        if key in {"student.distillation", "student.gate", "student.huber_form"}
    }
    return replace(recipe, **named)


def distiliqas_program(scores: Tensor, label: Tensor, teachers: Tensor) -> Tensor:
    """The published training step, its mistakes included."""

    def regress(predicted: Tensor, target: Tensor) -> Tensor:
        value: Tensor = nn.L1Loss()(predicted, target) + nn.MSELoss()(predicted, target)
        return value

    teacher = teachers.mean(dim=1, keepdim=True)
    if torch.all((label[:, None] - teacher).abs() <= 0.05):
        return 0.75 * regress(scores, teachers)
    return regress(scores.mean(dim=1, keepdim=True), label[:, None])


@pytest.mark.parametrize("far", [0, 1, 4])
@pytest.mark.parametrize("seed", range(5))
def test_as_published_it_is_the_authors_step(far: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = f8(rng.uniform(0, 4, 4))
    teachers = f8(label[:, None].numpy() + rng.normal(0, 0.02, (4, 5)))
    teachers[:far] += 0.5
    scores = f8(rng.uniform(0, 4, (4, 5)), grad=True)
    ours = student_loss(scores, label, teachers, as_published("distiliqa", DISTILIQA)).mean()
    theirs = distiliqas_program(scores, label, teachers)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-12)
    assert np.allclose(slopes(ours, scores), slopes(theirs, scores))


@given(data=st.data(), printed=st.booleans())
def test_shens_total_loss_image_by_image(data: st.DataObject, printed: bool) -> None:
    n, k = 3, 4
    draw = st.lists(grades, min_size=n * k, max_size=n * k)
    scores, teachers = (np.array(data.draw(draw)).reshape(n, k) for _ in range(2))
    label = teachers.mean(axis=1) + np.array([0.0, 0.049, 0.051])

    def huber(e: float) -> float:
        if abs(e) <= 1:
            return float(abs(e) ** 1.6 / 1.6)
        return abs(e) - 1 / 1.6 if printed else abs(e) - (1 - 1 / 1.6)

    expected = []
    for mean, teacher, true in zip(scores.mean(axis=1), teachers.mean(axis=1), label, strict=True):
        gate = abs(teacher - true) <= 0.05
        expected.append(huber(mean - true) + 0.75 * gate * huber(mean - teacher))
    recipe = as_published("shen2025", SHEN) if printed else SHEN
    ours = student_loss(f8(scores), f8(label), f8(teachers), recipe)
    # At the jump of the printed form the last bit of a mean decides.
    if not printed or np.min(np.abs(np.abs(scores.mean(axis=1) - label) - 1)) > 1e-9:
        assert ours.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("recipe", [DISTILIQA, replace(DISTILIQA, distil_weight=0.0)])
def test_without_a_teacher_or_its_weight_the_label_is_all(recipe: TrainRecipe) -> None:
    scores, label = f8([[1.0, 3.0]]), f8([2.0])
    teachers = None if recipe.distil_weight else f8([[2.0, 2.0]])
    assert student_loss(scores, label, teachers, recipe).tolist() == [0.0]


def test_labels_and_teachers_must_fit_the_scores() -> None:
    scores = torch.zeros(3, 1)
    with pytest.raises(UsageError, match=r"'label' must be \[3\], got \[3, 1\]"):
        label_loss(scores, torch.zeros(3, 1), DISTILIQA)
    with pytest.raises(UsageError, match=r"'teachers' must be \[3, 1\], got \[3, 5\]"):
        student_loss(scores, torch.zeros(3), torch.zeros(3, 5), DISTILIQA)
    followed = student_loss(scores, torch.zeros(3), torch.zeros(3, 5), SHEN)
    assert followed.tolist() == [0.0, 0.0, 0.0]


def test_twins_must_score_alike() -> None:
    scores = f8([[1.0, 2.0], [3.0, 3.0], [1.0, 4.0], [3.0, 3.0]])
    assert twin_difference(scores).tolist() == [2.0, 0.0, 2.0, 0.0]
    with pytest.raises(UsageError, match="in pairs, got 3"):
        twin_difference(scores[:3])
