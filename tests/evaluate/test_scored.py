from __future__ import annotations

import numpy as np
from tests.evaluate.made import scored

from ctiqa.evaluate.scale import Scale
from ctiqa.evaluate.scored import LABEL, SCORE

FOUND = scored([0.5, 1.25, -0.25], [0.5, 1.0, 0.0], scale=Scale(0, 1), patient=["a", "b", "b"])


def test_scores_are_clipped_to_the_scale_and_counted_beyond_it() -> None:
    assert FOUND.clipped.score.tolist() == [0.5, 1.0, 0.0]
    assert FOUND.clipped.label.tolist() == FOUND.label.tolist()
    assert (FOUND.beyond, FOUND.clipped.beyond) == (2, 0)


def test_grades_are_quarters_of_the_scale() -> None:
    score, label = FOUND.grades
    assert score.tolist() == [2, 5, -1]
    assert label.tolist() == [2, 4, 0]
    table = FOUND.graded_table
    assert table[SCORE].to_list() == score.tolist()
    assert table[LABEL].to_list() == label.tolist()
    assert table["patient"].to_list() == ["a", "b", "b"]


def test_a_part_keeps_examples_and_scores_together() -> None:
    part = FOUND.where(np.array([False, True, True]))
    assert (len(part), part.patients, FOUND.patients) == (2, 1, 2)
    assert part.score.tolist() == [1.25, -0.25]
    assert part.examples.table["label"].to_list() == part.label.tolist() == [1.0, 0.0]
