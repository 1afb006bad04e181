from __future__ import annotations

import numpy as np
import pytest

from ctiqa.calibration.curve import Curve, is_curve, open_score
from ctiqa.noise_scale import noise_of_score, score_of_noise


def test_knots_are_joined_by_straight_lines() -> None:
    curve = Curve((1.0, 2.0, 4.0), (0.5, 2.5, 3.5))
    assert curve([1.0, 1.5, 2.0, 3.0, 4.0]).tolist() == [0.5, 1.5, 2.5, 3.0, 3.5]


def test_the_outer_lines_go_on_to_the_ends_of_the_scale() -> None:
    curve = Curve((1.0, 2.0, 4.0), (0.5, 2.5, 3.5))
    assert curve([0.9, 4.4]).tolist() == pytest.approx([0.3, 3.7])
    assert curve([-5.0, 9.0]).tolist() == [0.0, 4.0]
    assert curve.unclipped([9.0]).tolist() == pytest.approx([6.0])


def test_a_map_rises_wherever_it_is_inside_the_scale() -> None:
    mapped = Curve((0.0, 3.0, 4.0), (1.0, 1.5, 3.0))(np.linspace(-1, 4.6, 300))
    assert (np.diff(mapped) > 0).all()
    assert mapped.min() > 0
    assert mapped.max() < 4


@pytest.mark.parametrize(
    ("open_scores", "scores"),
    [([0.0], [0.0]), ([0.0, 1.0], [0.0]), ([0.0, 0.0], [0.0, 1.0]), ([0.0, 1.0], [1.0, 0.5])],
)
def test_what_does_not_rise_is_no_curve(open_scores: list[float], scores: list[float]) -> None:
    assert not is_curve(open_scores, scores)


def test_an_open_score_goes_on_where_the_scale_ends() -> None:
    assert open_score(2.5, 3.0) == 2.5
    assert open_score(4.0, noise_of_score(5.2)) == pytest.approx(5.2)
    assert open_score(0.0, noise_of_score(-0.7)) == pytest.approx(-0.7)


def test_an_open_score_never_goes_back_into_the_scale() -> None:
    """The score of a model tuned to readers need not follow its equivalent noise."""
    assert score_of_noise(30.0) < 4
    assert open_score(4.0, 30.0) == 4.0
    assert open_score(0.0, 30.0) == 0.0
    assert open_score(4.0, None) == 4.0
