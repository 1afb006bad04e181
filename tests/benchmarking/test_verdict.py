"""The rules of the verdict, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.benchmarking.made import changes

from ctiqa.benchmarking.changes import Change
from ctiqa.benchmarking.measures import FIDELITY, MEASURE, MEASURES
from ctiqa.benchmarking.verdict import Code, judge, sign_of

UP: dict[str, Any] = {"psnr_db": 2.0, "ssim": 0.1, "vif": 0.1, "gmsd": -0.05}
DOWN = {key: -value for key, value in UP.items()}
QUIET = {"noise_hu": -10.0}
LOST = {"edge_loss": 0.2}

RISES, FALLS = {"score": 0.5}, {"score": -0.5}


@pytest.mark.parametrize(
    ("shown", "code", "text"),
    [
        ({}, Code.NO_DIFFERENCE, "no difference shown"),
        (UP, Code.BETTER, "better"),
        (UP | QUIET | RISES, Code.BETTER, "better"),
        (UP | QUIET | FALLS, Code.CONTRADICTION, "contradiction: the score falls though fidelity"),
        (UP | QUIET | LOST, Code.SMOOTHER, "smoother, not better"),
        (UP | QUIET | LOST | RISES, Code.SMOOTHER, "smoother, not better"),
        (UP | LOST, Code.CONTRADICTION, "contradiction: some measures improve"),
        (UP | {"vif": 0.0} | QUIET, Code.SMOOTHER, "smoother, not better"),
        (UP | {"vif": -0.1} | QUIET, Code.SMOOTHER, "smoother, not better"),
        (UP | {"vif": 0.0}, Code.NO_DIFFERENCE, "no difference shown"),
        (UP | {"vif": -0.1}, Code.CONTRADICTION, "contradiction: some measures improve"),
        (QUIET, Code.SMOOTHER, "smoother, not better"),
        (DOWN | QUIET, Code.SMOOTHER, "smoother, not better"),
        (DOWN | QUIET | RISES, Code.CONTRADICTION, "contradiction: the score rises though"),
        (DOWN | FALLS, Code.WORSE, "worse"),
        ({"ssim": -0.1}, Code.WORSE, "worse"),
        (LOST, Code.WORSE, "worse"),
        ({"edge_loss": -0.2, "noise_hu": 10.0}, Code.NO_DIFFERENCE, "no difference shown"),
        (RISES, Code.NO_DIFFERENCE, "no difference shown"),
    ],
)
def test_rule(shown: dict[str, float], code: Code, text: str) -> None:
    verdict = judge(changes(**shown))
    assert verdict.code is code
    assert verdict.text.startswith(text)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda each: each.key)
def test_a_difference_counts_beyond_its_smallest_value_only(measure: Any) -> None:
    for sign in (-1, 1):
        for nearest, shown in ((0.99, 0), (1.01, sign)):
            low, high = sorted((sign * nearest * measure.least, sign * 5 * measure.least))
            assert sign_of(Change(sign * 3 * measure.least, low, high, 9), measure) == shown


def test_a_contradiction_names_the_numbers_that_contradict() -> None:
    verdict = judge(changes(**DOWN, **RISES))
    named = " ".join(verdict.rests_on)
    assert all(MEASURE[key].title in named for key in (*FIDELITY, "score"))
    assert "score +0.50 (+0.50 to +0.50)" in verdict.rests_on


def test_what_is_not_known_is_not_named() -> None:
    verdict = judge(changes(**UP) | {"score": None, "noise_hu": None, "edge_loss": None})
    assert verdict.code is Code.BETTER
    assert [text.split()[0] for text in verdict.rests_on] == ["PSNR", "SSIM", "VIF", "GMSD"]


def test_nothing_known_shows_no_difference() -> None:
    verdict = judge(dict.fromkeys(MEASURE))
    assert (verdict.code, verdict.rests_on) == (Code.NO_DIFFERENCE, ())
