from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiqa.evaluate.scale import LABEL_STEPS, Scale, label_step, scale_of_words

ENDS = st.sampled_from([(0.0, 4.0), (0.0, 1.0), (1.0, 5.0)])


@given(ENDS, st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_grades_and_back(ends: tuple[float, float], shares: list[float]) -> None:
    scale = Scale(*ends)
    values = scale.low + np.array(shares) * (scale.high - scale.low)
    grades = scale.grades(values)
    assert np.allclose(grades, 4 * np.array(shares))
    assert np.allclose(scale.low + grades * scale.grade, values)


@pytest.mark.parametrize("step", LABEL_STEPS)
@pytest.mark.parametrize("scale", [Scale(), Scale(0, 1), Scale(1, 5)])
def test_the_step_of_labels_is_found(step: float, scale: Scale) -> None:
    grades = np.arange(0, 4 + 1e-9, step)
    labels = np.round(scale.low + grades * scale.grade, 3)
    found = label_step(labels, scale)
    assert found is not None
    assert found == pytest.approx(step * scale.grade)


def test_two_printed_decimals_of_sixths_are_still_sixths() -> None:
    assert label_step(np.array([0.17, 1.33, 2.5, 3.83]), Scale()) == pytest.approx(1 / 6)


def test_labels_without_a_grid() -> None:
    assert label_step(np.random.default_rng(0).uniform(0, 4, 50), Scale()) is None


@pytest.mark.parametrize(
    ("words", "ends"), [("0-4", (0, 4)), ("1-5", (1, 5)), ("-1-1", (-1, 1)), ("", (0, 4))]
)
def test_words_of_a_manifest(words: str, ends: tuple[float, float]) -> None:
    scale = scale_of_words(words)
    assert (scale.low, scale.high) == ends


def test_ticks_are_in_units_of_the_labels() -> None:
    assert Scale(1, 5).ticks == ("1", "2", "3", "4", "5")
    assert Scale(0, 1).ticks == ("0", "0.25", "0.5", "0.75", "1")
