"""Counts, ties and distances of labels, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.evaluate.sound_labels import PATIENTS, sound

from ctiqa.evaluate.label_audit.audit import audit
from ctiqa.evaluate.label_audit.groups import CHALLENGE, count_labels, distance, ties


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40).filter(lambda x: len(set(x)) > 1))
def test_greatest_agreement_is_reached_and_not_passed(steps: list[int]) -> None:
    labels = np.sort(np.array(steps, dtype=np.float64))
    found = ties(labels)
    perfect = np.arange(len(labels))
    assert found.greatest_tau_b == pytest.approx(stats.kendalltau(perfect, labels).statistic)
    assert found.greatest_srocc == pytest.approx(stats.spearmanr(perfect, labels).statistic)
    assert found.share == pytest.approx(max(steps.count(k) for k in steps) / len(steps))


@given(st.lists(st.floats(-1, 5), max_size=50))
def test_every_label_is_counted_once(labels: list[float]) -> None:
    assert sum(count_labels(np.array(labels))) == len(labels)


def test_challenge_is_no_distance_from_itself() -> None:
    assert sum(CHALLENGE) == 1000
    assert distance(CHALLENGE, [2 * n for n in CHALLENGE]) == 0


def test_distance_is_that_of_scipy() -> None:
    ours, theirs = [5, 0, 3, 2], [1, 4, 4, 1]
    grades = np.arange(4) / 5
    expected = stats.wasserstein_distance(grades, grades, ours, theirs)
    assert distance(ours, theirs) == pytest.approx(expected)


def test_best_median_and_worst_are_in_order() -> None:
    found = audit(sound())
    raws = [float(str(pick.row["raw"])) for pick in found.picks if pick.region == "chest"]
    assert raws == sorted(raws, reverse=True)
    assert [pick.role for pick in found.picks] == ["Best", "Median", "Worst"] * 2
    assert all(pick.row["purpose"] == "example" for pick in found.picks)


def test_splits_are_in_their_order_and_add_up() -> None:
    found = audit(sound())
    assert [each.name for each in found.splits] == ["train", "validation", "test"]
    assert [each.patients for each in found.splits] == list(PATIENTS.values())
    assert sum(each.examples for each in found.regions) == found.whole.examples
    assert all(sum(each.counts) == each.examples for each in found.groups)
