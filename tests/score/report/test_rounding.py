from __future__ import annotations

import numpy as np
import pytest
from tests.score.made import verdict

from ctiqa.score.report.facts import format_score
from ctiqa.score.report.rounding import shown
from ctiqa.score.verdict import word

BORDERS = (0.5, 1.5, 2.5, 3.5)
NEAR_BORDERS = [border + step for border in BORDERS for step in (-1e-9, -1e-15, 0.0, 1e-9)]


def test_printed_number_and_word_agree_for_all_scores() -> None:
    scores = np.concatenate([np.linspace(0, 4, 40_001), NEAR_BORDERS])
    printed = [shown(score) for score in scores]
    assert [word(float(each)) for each in printed] == [word(score) for score in scores]
    errors = np.abs(np.array(printed, float) - scores)
    assert errors.max() <= 0.05 + 1e-9
    two_decimals = np.array([len(each) == 4 for each in printed])
    assert errors[two_decimals].max() <= 0.01 + 1e-9


@pytest.mark.parametrize(("score", "expected"), [(0.0, "0.0"), (3.21, "3.2"), (4.0, "4.0")])
def test_one_decimal_is_enough_away_from_borders(score: float, expected: str) -> None:
    assert shown(score) == expected


def test_score_in_single_precision_stays_below_its_border() -> None:
    assert shown(np.nextafter(np.float32(2.5), np.float32(0))) == "2.49"


def test_a_score_just_below_good_is_printed_as_fair() -> None:
    assert format_score(verdict(2.473)) == "2.47 fair"
    assert format_score(verdict(2.473), worded=False) == "2.47"
