"""Agreement with readers and its uncertainty."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.coefficients import agreement, bands, lin_concordance, rounded_to

STEADY = settings(max_examples=50)

Floats = npt.NDArray[np.float64]

SCORES: st.SearchStrategy[Floats] = arrays(
    np.float64, 12, elements=st.integers(0, 20).map(lambda grade: grade / 5)
)
"""Scores in steps of 0.2 as in LDCTIQAC2023: with ties."""


def _taus(x: Floats, y: Floats) -> tuple[float, float]:
    """Kendall's tau-b and tau-a by counting pairs."""
    pairs = [(i, j) for i in range(len(x)) for j in range(i)]
    a = np.array([np.sign(x[i] - x[j]) for i, j in pairs])
    b = np.array([np.sign(y[i] - y[j]) for i, j in pairs])
    right = float((a * b).sum())
    return right / math.sqrt((a**2).sum() * (b**2).sum()), right / len(pairs)


def _varied(x: Floats, y: Floats) -> None:
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)


@STEADY
@given(SCORES, SCORES)
def test_correlations_by_their_definitions(x: Floats, y: Floats) -> None:
    """Pearson from scipy, Spearman as Pearson of mean ranks, Kendall by counting pairs."""
    _varied(x, y)
    found = agreement(x, y)
    assert found.plcc == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    ranks = stats.rankdata(x), stats.rankdata(y)
    assert found.srocc == pytest.approx(stats.pearsonr(*ranks).statistic, abs=1e-12)
    assert (found.krocc, found.krocc_a) == pytest.approx(_taus(x, y), abs=1e-12)


@STEADY
@given(SCORES, SCORES)
def test_the_ranks_of_scipy(x: Floats, y: Floats) -> None:
    _varied(x, y)
    found = agreement(x, y)
    assert found.srocc == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert found.krocc == pytest.approx(stats.kendalltau(x, y, variant="b").statistic, abs=1e-12)


def test_figures_by_hand() -> None:
    """Errors 1, −1, 0, 0; ranks 1 2 3 4 against 2 1 3 4: ρ = 1 − 6·2/60, τ = (5 − 1)/6."""
    found = agreement(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 3.0, 4.0]))
    assert (found.mae, found.mse) == (0.5, 0.5)
    assert found.srocc == pytest.approx(0.8)
    assert found.krocc == pytest.approx(2 / 3)
    assert found.plcc == pytest.approx(0.8)
    assert found.overall == pytest.approx(0.8 + 0.8 + 2 / 3)
    assert found.rmse == pytest.approx(math.sqrt(0.5))


def test_ties_by_hand() -> None:
    """Of six pairs four are in order, one is tied in the labels, one in the predictions."""
    found = agreement(np.array([1.0, 2.0, 3.0, 3.0]), np.array([1.0, 1.0, 2.0, 4.0]))
    assert found.krocc == pytest.approx(4 / 5)
    assert found.krocc_a == pytest.approx(4 / 6)
    # Ranks 1 2 3.5 3.5 against 1.5 1.5 3 4: Σ dx·dy = 4, Σ dx² = Σ dy² = 4.5.
    assert found.srocc == pytest.approx(4 / 4.5)
    assert found.overall - found.overall_a == pytest.approx(4 / 5 - 4 / 6)


def test_a_quarter_of_equal_labels_caps_tau() -> None:
    """Without a tie of its own the best prediction reaches √(1 − 1/16) = 0.968, tau-a 1 − 1/16."""
    label = np.concatenate([np.ones(500), np.linspace(1.001, 4, 1500)])
    found = agreement(np.linspace(0, 4, 2000), label)
    assert found.krocc == pytest.approx(math.sqrt(15 / 16), abs=2e-4)
    assert found.krocc_a == pytest.approx(15 / 16, abs=2e-4)


def test_errors_by_hand() -> None:
    """Errors 1, 1, −0.5, 0.5."""
    found = agreement(np.array([1.0, 2.0, 1.5, 3.5]), np.array([0.0, 1.0, 2.0, 3.0]))
    assert (found.bias, found.mae, found.mse) == (0.5, 0.75, 0.625)
    assert found.rmse == pytest.approx(math.sqrt(0.625))


def test_concordance_by_hand() -> None:
    """Both have variance 2/3 and covariance 2/3, and their means are 1 apart."""
    found = agreement(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    assert found.plcc == pytest.approx(1)
    assert found.concordance == pytest.approx((4 / 3) / (2 / 3 + 2 / 3 + 1))


@STEADY
@given(SCORES, SCORES)
def test_concordance_is_what_the_error_leaves(x: Floats, y: Floats) -> None:
    """Lin's own definition: 1 less the squared error over that of unrelated scores."""
    _varied(x, y)
    unrelated = np.mean((x[:, None] - y[None, :]) ** 2)
    assert lin_concordance(x, y) == pytest.approx(1 - np.mean((x - y) ** 2) / unrelated, abs=1e-9)
    assert abs(lin_concordance(x, y)) <= abs(agreement(x, y).plcc) + 1e-12


def test_kappa_of_the_nearest_grades() -> None:
    """Grades 0 1 2 2 against 0 1 2 1: one step in four, Σ E d² = 80/16 of it by chance."""
    found = agreement(np.array([0.4, 1.4, 2.4, 1.5]), np.array([0.2, 0.6, 2.0, 1.4]))
    assert found.kappa == pytest.approx(0.8)


def test_overall_leads_the_figures() -> None:
    found = agreement(np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0]))
    assert list(found.as_dict()) == ["overall", "plcc", "srocc", "krocc", "mae", "mse"]
    assert found.as_dict()["overall"] == pytest.approx(3.0)  # the challenge takes magnitudes
    assert found.plcc == pytest.approx(-1.0)


def test_every_figure_has_a_name() -> None:
    """Published metrics come first; derived ones equal the properties."""
    found = agreement(np.array([1.0, 2.0, 3.0, 3.0]), np.array([1.0, 1.0, 2.0, 4.0]))
    metrics = found.metrics()
    assert list(metrics)[:6] == list(found.as_dict())
    assert set(list(metrics)[6:]) == {
        "overall_a",
        "rmse",
        "krocc_a",
        "bias",
        "concordance",
        "kappa",
    }
    assert all(metrics[name] == getattr(found, name) for name in metrics)


@STEADY
@given(SCORES, SCORES)
def test_who_is_compared_with_whom_does_not_matter(x: Floats, y: Floats) -> None:
    """Except for the bias, which changes sign."""
    one, other = agreement(x, y).metrics(), agreement(y, x).metrics()
    assert one.pop("bias") == pytest.approx(-other.pop("bias"), abs=1e-12)
    assert one == pytest.approx(other, abs=1e-12)


@STEADY
@given(SCORES, SCORES, st.permutations(range(12)))
def test_the_order_of_examples_does_not_matter(x: Floats, y: Floats, order: list[int]) -> None:
    assert agreement(x[order], y[order]).metrics() == pytest.approx(
        agreement(x, y).metrics(), abs=1e-12
    )


@STEADY
@given(SCORES, SCORES)
def test_a_mirrored_scale_turns_the_bias_alone(x: Floats, y: Floats) -> None:
    """Reversing the scale of both changes no agreement; only grades at ties change."""
    x, y = np.rint(x), np.rint(y)
    plain, mirrored = agreement(x, y).metrics(), agreement(4 - x, 4 - y).metrics()
    assert mirrored.pop("bias") == pytest.approx(-plain.pop("bias"), abs=1e-12)
    assert mirrored == pytest.approx(plain, abs=1e-12)


@STEADY
@given(SCORES)
def test_agreement_with_itself_is_complete(x: Floats) -> None:
    assume(np.ptp(x) > 0)
    found = agreement(x, x)
    assert (found.mae, found.mse, found.bias) == (0, 0, 0)
    assert [found.plcc, found.srocc, found.krocc, found.concordance] == pytest.approx([1] * 4)


@STEADY
@given(SCORES, SCORES, st.floats(0.1, 10), st.floats(-5, 5))
def test_another_scale_keeps_correlations(x: Floats, y: Floats, gain: float, shift: float) -> None:
    """Pearson sees no linear change, the ranks no increasing change at all."""
    _varied(x, y)
    plain, linear, bent = agreement(x, y), agreement(gain * x + shift, y), agreement(np.exp(x), y)
    assert linear.plcc == pytest.approx(plain.plcc, abs=1e-9)
    assert bent.srocc == pytest.approx(plain.srocc, abs=1e-9)
    assert bent.krocc == pytest.approx(plain.krocc, abs=1e-9)


@pytest.mark.parametrize("constant", ["predicted", "label"])
def test_constant_scores_agree_with_nothing(constant: str) -> None:
    """A constant prediction of 2 gives correlation 0, not NaN, and valid errors."""
    varied, flat = np.array([1.0, 2.0, 4.0]), np.full(3, 2.0)
    pair = (flat, varied) if constant == "predicted" else (varied, flat)
    found = agreement(*pair)
    assert (found.overall, found.plcc, found.srocc, found.krocc) == (0, 0, 0, 0)
    assert (found.overall_a, found.krocc_a, found.concordance, found.kappa) == (0, 0, 0, 0)
    assert found.mae == pytest.approx(1.0)
    assert found.mse == pytest.approx(5 / 3)


@pytest.mark.parametrize("value", [0.1, 2.0, 1 / 3])
def test_both_constant_and_equal(value: float) -> None:
    """Zero error but no association; the mean of 0.1 is not exactly 0.1."""
    metrics = agreement(np.full(7, value), np.full(7, value)).metrics()
    assert set(metrics.values()) == {0.0}


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_examples_have_errors_and_no_order(n: int) -> None:
    found = agreement(np.array([1.0, 2.0])[:n], np.array([0.0, 4.0])[:n])
    assert (found.overall, found.overall_a, found.concordance, found.kappa) == (0, 0, 0, 0)
    assert found.mae == pytest.approx([1.0, 1.5][n - 1])
    assert found.bias == pytest.approx([1.0, -0.5][n - 1])


@pytest.mark.parametrize("least", [5e-324, 1e-200, 2e-16])
def test_the_least_differences_count(least: float) -> None:
    """Their squares underflow; no warning, no NaN."""
    found = agreement(np.array([0.0, least, 3 * least]), np.array([1.0, 2.0, 4.0]))
    assert found.plcc == pytest.approx(1, abs=0.05)
    assert found.srocc == found.krocc == pytest.approx(1)
    assert all(math.isfinite(value) for value in found.metrics().values())


@pytest.mark.parametrize(
    ("predicted", "label", "message"),
    [
        ([], [], "at least 1 example, got 0"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], r"of one length, got \(3,\), \(2,\)"),
        ([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]], r"must be \[n\] of one length, got \(1, 3\)"),
        ([1.0, 2.0, math.nan], [1.0, 2.0, 3.0], "must be finite; leave abstentions out"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, math.inf], "must be finite; leave abstentions out"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    predicted: list[float], label: list[float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        agreement(np.array(predicted), np.array(label))


# -- bands


def test_bands_by_hand() -> None:
    """An edge belongs to the band above it, the highest label to the last one."""
    label = np.array([0.0, 0.8, 1.0, 1.9, 1.5, 4.0, 3.0])
    predicted = label + np.array([0.5, -0.1, 0.2, 0.4, -0.3, -1.0, 0.0])
    found = bands(predicted, label)
    assert [(band.low, band.high, band.n) for band in found] == [
        (0, 1, 2),
        (1, 2, 3),
        (2, 3, 0),
        (3, 4, 2),
    ]
    first, second, empty, last = (band.agreement for band in found)
    assert empty is None
    assert first is not None
    assert [first.mae, first.bias] == pytest.approx([0.3, 0.2])
    assert last is not None
    assert [last.mae, last.bias] == pytest.approx([0.5, -0.5])
    assert second == agreement(predicted[2:5], label[2:5])


@STEADY
@given(SCORES, SCORES)
def test_bands_make_up_the_whole(x: Floats, y: Floats) -> None:
    found = [(band.n, band.agreement) for band in bands(x, y)]
    assert sum(n for n, _ in found) == 12
    for name in ("mae", "mse", "bias"):
        parts = sum(n * getattr(part, name) for n, part in found if part)
        assert parts / 12 == pytest.approx(getattr(agreement(x, y), name), abs=1e-12)


def test_labels_outside_the_bands_are_refused() -> None:
    with pytest.raises(UsageError, match=r"must lie in 0–4, got -1–4.5 \(2 outside\)"):
        bands(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 2.0, 4.5]))


# -- rounding


def test_the_grids_of_the_challenge() -> None:
    """Fifths in training, sixths in test: the very numbers that the labels are."""
    fifths, sixths = np.arange(21) / 5, np.arange(25) / 6
    for grid, step in ((fifths, 0.2), (sixths, 1 / 6)):
        assert np.array_equal(rounded_to(grid + 0.49 * step, step), grid)
        assert np.array_equal(rounded_to(grid - 0.49 * step, step), grid)


@STEADY
@given(SCORES, st.sampled_from([1.0, 0.5, 0.2, 1 / 6]))
def test_rounding_moves_by_half_a_step_at_most_and_once(x: Floats, step: float) -> None:
    found = rounded_to(x + 0.123, step, (-math.inf, math.inf))
    assert np.abs(found - x - 0.123).max() <= step / 2 + 1e-12
    assert np.array_equal(rounded_to(found, step, (-math.inf, math.inf)), found)


def test_beyond_the_scale_is_its_end() -> None:
    assert rounded_to([-0.7, 4.1, 9.0], 0.2).tolist() == [0, 4, 4]
    assert rounded_to([1.3, 5.2], 1, limits=(1, 5)).tolist() == [1, 5]


def test_rounding_to_the_grid_of_the_labels_is_rewarded() -> None:
    """Why both are reported: tau-b rises although every other metric says it is worse."""
    rng = np.random.default_rng(0)
    label = rounded_to(rng.uniform(0, 4, 300), 0.2)
    predicted = np.clip(label + rng.normal(0, 0.1, 300), 0, 4)
    plain, rounded = agreement(predicted, label), agreement(rounded_to(predicted, 0.2), label)
    assert rounded.krocc > plain.krocc + 0.005
    assert rounded.krocc_a < plain.krocc_a
    assert rounded.plcc < plain.plcc
    assert rounded.mse > plain.mse


@pytest.mark.parametrize("step", [0.0, -0.2, math.inf, math.nan])
def test_a_step_must_be_a_length(step: float) -> None:
    with pytest.raises(UsageError, match="'step' must be positive and finite"):
        rounded_to([1.0], step)
