from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from tests.score.made import answered, header, phantom, scan_of, scan_score
from tests.score.tiny_model import card

from ctiqa.errors import Reason
from ctiqa.recipe.network import FINDINGS
from ctiqa.score.engines.protocol import Answers
from ctiqa.score.report.facts import REASONS
from ctiqa.score.verdict import (
    SHARP_KERNEL,
    abstention,
    judge,
    judge_slice,
    word,
    word_of,
)
from ctiqa.score.whole_scan import score_scan
from ctiqa.types import HuImage
from ctiqa.weights import IntervalRule, ModelCard, parse_card

RULE = IntervalRule(level=0.9, quantile=1.7, floor=0.12)


@pytest.fixture
def model_card() -> ModelCard:
    return parse_card(json.dumps(card("tiny")).encode(), Path("tiny.json"))


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0, "bad"),
        (0.49, "bad"),
        (0.5, "poor"),
        (1.4999, "poor"),
        (1.5, "fair"),
        (2.473, "fair"),
        (2.5, "good"),
        (3.5, "excellent"),
        (4, "excellent"),
    ],
)
def test_word_is_the_nearest_grade(score: float, expected: str) -> None:
    assert word(score) == expected


def test_interval_follows_the_formula() -> None:
    members = np.array([1.8, 2.0, 2.5], np.float32)
    score, (low, high) = judge(members, RULE)
    half = 1.7 * math.sqrt(members.astype(float).var() + 0.12**2)
    assert score == pytest.approx(members.astype(float).mean())
    assert (low, high) == pytest.approx((score - half, score + half))


def test_floor_keeps_agreeing_members_humble() -> None:
    _, (low, high) = judge(np.array([2, 2, 2], np.float32), RULE)
    assert high - low == pytest.approx(2 * 1.7 * 0.12)


@pytest.mark.parametrize(("member", "expected"), [(-3.0, 0.0), (9.0, 4.0)])
def test_score_and_interval_stay_on_the_scale(member: float, expected: float) -> None:
    score, interval = judge(np.array([member, member], np.float32), RULE)
    assert score == expected
    assert all(0 <= end <= 4 for end in interval)
    assert interval[0] <= score <= interval[1]


@pytest.mark.parametrize(
    ("hu", "reason"),
    [
        (phantom(), None),
        (np.full((256, 256), -1000, np.float32), "blank"),
        (np.where(np.eye(256) > 0, -990, -1000).astype(np.float32), "air"),
        (phantom(side=255), "matrix"),
        (phantom(side=1025), "matrix"),
    ],
)
def test_abstains_where_there_is_nothing_to_judge(
    hu: HuImage, reason: str | None, model_card: ModelCard
) -> None:
    assert abstention(hu, model_card) == reason


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Reason)


ANSWERING = {
    "findings": ["streaks", "metal"],
    "regions": ["chest", "limb"],
    "judged": ["chest"],
}


def answering_card() -> ModelCard:
    return parse_card(json.dumps(card("tiny", answers=ANSWERING)).encode(), Path("tiny.json"))


def answers(region: list[float], findings: list[float]) -> Answers:
    return Answers(
        scores=np.array([[9.0, 9.0, 9.0], [2.0, 2.5, 3.0]], np.float32),
        log_equivalent_noise_hu=np.log(np.array([1.0, 30.0], np.float32)),
        findings=np.array([[0, 0], findings], np.float32),
        regions=np.array([[0, 1], region], np.float32),
    )


def test_a_slice_has_all_answers_of_its_place_in_the_batch() -> None:
    found = judge_slice(header(), answers([0.9, 0.1], [0.7, 0.4]), 1, answering_card())
    assert found.score == pytest.approx(2.5)
    assert found.equivalent_noise_hu == pytest.approx(30)
    assert found.region == "chest"
    assert found.findings == ("streaks",)
    assert found.flags == header().flags


def test_a_region_that_is_not_judged_has_no_score() -> None:
    found = judge_slice(header(), answers([0.2, 0.8], [0.1, 0.9]), 1, answering_card())
    assert (found.score, found.interval) == (None, None)
    assert (found.region, found.findings) == ("limb", ("metal",))
    assert found.flags[-1] == "region"
    assert found.equivalent_noise_hu == pytest.approx(30)
    whole = score_scan(scan_score([1.0]).scan, [found])
    assert whole.score is None
    assert any(
        "not a region that the model was trained to score" in each for each in whole.warnings
    )


def test_an_older_model_leaves_the_other_answers_open(model_card: ModelCard) -> None:
    older = Answers(np.array([[2.0, 2.5, 3.0]], np.float32))
    found = judge_slice(header(), older, 0, model_card)
    assert found.score == pytest.approx(2.5)
    assert (found.equivalent_noise_hu, found.region, found.findings) == (None, None, ())


def test_a_noise_map_belongs_to_a_scored_slice() -> None:
    noise = np.log(np.array([[[9.0]], [[25.0]]], np.float32))
    mapped = answers([0.9, 0.1], [0, 0])._replace(log_noise_hu=noise)
    limb, chest = (judge_slice(header(), mapped, k, answering_card()) for k in (0, 1))
    assert limb.noise_map_hu is None
    assert chest.noise_map_hu is not None
    np.testing.assert_allclose(chest.noise_map_hu, [[25.0]], rtol=1e-6)
    assert judge_slice(header(), answers([1, 0], [0, 0]), 1, answering_card()).noise_map_hu is None


SHARP = (SHARP_KERNEL,)


def test_the_sharp_kernel_is_a_finding_of_the_network() -> None:
    assert SHARP_KERNEL in FINDINGS


def test_a_slice_with_a_sharp_kernel_has_no_word() -> None:
    assert word_of(answered(1.0, findings=("metal",))) == "poor"
    assert word_of(answered(1.0, findings=("metal", *SHARP))) is None
    assert word_of(answered(None)) is None


@pytest.mark.parametrize(
    ("sharp", "soft", "unscored", "expected"),
    [(1, 0, 0, None), (2, 1, 0, None), (2, 2, 0, "poor"), (1, 2, 5, "poor"), (2, 1, 5, None)],
)
def test_a_scan_has_no_word_where_most_scored_slices_have_a_sharp_kernel(
    sharp: int, soft: int, unscored: int, expected: str | None
) -> None:
    slices = [answered(1.0, findings=SHARP)] * sharp + [answered(1.0)] * soft
    limbs = [answered(None, findings=SHARP if expected else ())] * unscored
    assert word_of(scan_of(*slices, *limbs)) == expected
