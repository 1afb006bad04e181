"""Intervals of all metrics, and differences of methods on the same patients."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.bootstrap import bootstrap_interval, holm
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.intervals import COMPARED, agreement_intervals, paired_differences

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _study(
    seed: int, noise: tuple[float, ...], *, patients: int = 40, slices: int = 3
) -> tuple[dict[str, Floats], Floats, Indices]:
    """Methods "0", "1", ... of given noise, with a difficulty of the patient that all share."""
    rng = _rng(seed)
    owner = np.repeat(np.arange(patients), slices)
    label = rng.uniform(0, 4, owner.size)
    shared = rng.normal(0, 0.5, patients)[owner]
    methods = {str(k): label + shared + rng.normal(0, sd, owner.size) for k, sd in enumerate(noise)}
    return methods, label, owner


def test_bounds_are_those_of_the_slow_way() -> None:
    methods, label, owner = _study(0, (0.3,), patients=12)
    predicted = methods["0"].round(1)
    found = agreement_intervals(predicted, label, owner, _rng(4), resamples=60, level=0.9)
    assert list(found) == list(agreement(predicted, label).metrics())
    for name, estimate in found.items():

        def metric(drawn: Indices, name: str = name) -> float:
            return agreement(predicted[drawn], label[drawn]).metrics()[name]

        slow = bootstrap_interval(metric, owner, _rng(4), resamples=60, level=0.9)
        assert (estimate.low, estimate.high) == pytest.approx(slow, abs=1e-10)
        assert estimate.value == agreement(predicted, label).metrics()[name]


def test_pearsons_interval_is_fishers() -> None:
    """Unrelated patients, normal scores: tanh(z ± 1.96/√(n − 3)), Fisher 1921."""
    x, y = _rng(1).multivariate_normal([2, 2], [[1, 0.8], [0.8, 1]], 400).T
    found = agreement_intervals(x, y, np.arange(400), _rng())["plcc"]
    z = math.atanh(found.value)
    fisher = [math.tanh(z - 1.96 / math.sqrt(397)), math.tanh(z + 1.96 / math.sqrt(397))]
    assert [found.low, found.high] == pytest.approx(fisher, abs=0.01)


def test_alike_slices_make_it_wider() -> None:
    methods, label, owner = _study(0, (0.1,), slices=10)
    by_patient = agreement_intervals(methods["0"], label, owner, _rng())["bias"]
    by_slice = agreement_intervals(methods["0"], label, np.arange(owner.size), _rng())["bias"]
    assert by_patient.high - by_patient.low > 2 * (by_slice.high - by_slice.low)


def test_constant_predictions_have_an_interval() -> None:
    _, label, owner = _study(0, (0.1,))
    found = agreement_intervals(np.full(len(label), 2.0), label, owner, _rng())
    assert (found["overall"].value, found["overall"].low, found["overall"].high) == (0, 0, 0)
    assert found["mae"].low < found["mae"].value < found["mae"].high


# -- differences


def test_all_pairs_for_every_figure() -> None:
    methods, label, owner = _study(0, (0.1, 0.2, 0.8))
    found = paired_differences(methods, label, owner, _rng(), resamples=50)
    assert [(each.metric, each.first, each.second) for each in found] == [
        (metric, *pair) for metric in COMPARED for pair in (("0", "1"), ("0", "2"), ("1", "2"))
    ]
    for each in found:
        one, other = (agreement(methods[m], label).metrics() for m in (each.first, each.second))
        assert each.estimate.value == pytest.approx(one[each.metric] - other[each.metric])


def test_adjusted_within_a_figure() -> None:
    methods, label, owner = _study(3, (0.3, 0.31, 0.35, 0.33))
    found = paired_differences(methods, label, owner, _rng(), metrics=("mae", "plcc"))
    for metric in ("mae", "plcc"):
        own = [each for each in found if each.metric == metric]
        assert len(own) == 6
        assert [each.p_holm for each in own] == list(holm([each.p for each in own]))
    assert any(each.p_holm > each.p for each in found)


def test_a_method_does_not_differ_from_itself() -> None:
    methods, label, owner = _study(0, (0.3,))
    twins = {"one": methods["0"], "other": methods["0"].copy()}
    for each in paired_differences(twins, label, owner, _rng()):
        assert (each.estimate.value, each.estimate.low, each.estimate.high) == (0, 0, 0)
        assert each.p == each.p_holm == 1


def test_the_other_way_round_is_the_negative() -> None:
    methods, label, owner = _study(0, (0.3, 0.4))
    swapped = dict(reversed(methods.items()))
    there = paired_differences(methods, label, owner, _rng())
    back = paired_differences(swapped, label, owner, _rng())
    for a, b in zip(there, back, strict=True):
        assert a.estimate.value == pytest.approx(-b.estimate.value)
        assert (a.estimate.low, a.estimate.high) == pytest.approx(
            (-b.estimate.high, -b.estimate.low)
        )
        assert a.p == b.p


def test_pairing_cancels_what_is_hard_for_both() -> None:
    """Both are too high for the same patients: each bias is unsure, their difference is not."""
    methods, label, owner = _study(0, (0.05, 0.05))
    alone = agreement_intervals(methods["0"], label, owner, _rng())["bias"]
    (paired,) = paired_differences(methods, label, owner, _rng(), metrics=["bias"])
    assert paired.estimate.high - paired.estimate.low < 0.2 * (alone.high - alone.low)


def test_equals_are_told_apart_as_seldom_as_it_says() -> None:
    """Of 200 studies of two equal methods about 10 have p < 0.05; of a better one, nearly all."""
    equal = better = 0
    for seed in range(200):
        methods, label, owner = _study(seed, (0.3, 0.3, 0.8), patients=30, slices=2)
        found = paired_differences(
            methods, label, owner, _rng(seed), metrics=["mae"], resamples=200
        )
        equal += found[0].p < 0.05
        better += found[1].p < 0.05
    assert 3 <= equal <= 20
    assert better > 150


def test_the_worse_the_surer() -> None:
    label = np.linspace(0, 4, 60)
    noise = _rng().normal(0, 0.3, 60)
    methods = {f"{gain}": label + gain * noise for gain in (1.0, 1.05, 2.0)}
    found = paired_differences(methods, label, np.arange(60), _rng(), metrics=["mae"])
    values = [each.estimate.value for each in found if each.first == "1.0"]
    assert all(a > b for a, b in pairwise(values))  # a larger error is a more negative difference
    assert found[0].estimate.value == pytest.approx(-0.05 * np.abs(noise).mean())


@pytest.mark.parametrize(
    ("names", "metrics", "message"),
    [
        (["0"], ["mae"], "at least 2 methods, got 1"),
        (["0", "1"], ["mae", "tau", "PLCC"], "unknown metrics: PLCC, tau; known are overall"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    names: list[str], metrics: list[str], message: str
) -> None:
    methods, label, owner = _study(0, (0.3, 0.4))
    chosen = {name: methods[name] for name in names}
    with pytest.raises(UsageError, match=message):
        paired_differences(chosen, label, owner, _rng(), metrics=metrics, resamples=5)
