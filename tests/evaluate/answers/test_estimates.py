"""Accuracy of what a network answers besides the score."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.score.tiny_model import card as tiny_card

from ctiqa.data.manifest import SHARDS, SHOWS, Examples, finding_column
from ctiqa.evaluate.answers.estimates import (
    answer_facts,
    answers_to,
    findings_auc,
    judged_examples,
    noise_estimates,
    region_accuracy,
)
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.score.engines.protocol import Answers, ImageBatch
from ctiqa.weights import ModelCard, parse_card

COUNT = 60


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Flat slices whose value says which of them it is."""
    (tmp_path / SHARDS).mkdir()
    hu = np.arange(COUNT, dtype=np.int16)[:, None, None] * np.ones((1, 32, 32), np.int16)
    np.save(tmp_path / SHARDS / "a.hu.npy", hu)
    noise = np.geomspace(4, 120, COUNT)
    yes = [float(k % 3 == 0) if k % 3 < 2 else None for k in range(COUNT)]
    table = pl.DataFrame({"row": range(COUNT), "total_noise_hu": noise}).with_columns(
        shard=pl.lit("a"),
        raw=pl.Series([4.5 if each < 16 else 2.0 for each in noise]),
        **{finding_column(name): pl.Series(yes, dtype=pl.Float64) for name in FINDINGS},
        **{SHOWS: pl.Series(["chest", "chest/abdomen", ""] * (COUNT // 3))},
    )
    return Examples(tmp_path, table)


def test_answers_come_in_the_order_of_the_examples(examples: Examples) -> None:
    def answer(hu: ImageBatch) -> Answers:
        return Answers(hu[:, 0, :2], log_equivalent_noise_hu=hu[:, 0, 0])

    answers = answers_to(answer, examples)
    assert answers.scores[:, 0].tolist() == list(range(COUNT))
    assert answers.log_equivalent_noise_hu is not None
    assert answers.log_equivalent_noise_hu.tolist() == list(range(COUNT))
    assert answers.regions is None


def test_noise_is_compared_in_relative_terms(examples: Examples) -> None:
    true = examples.column("total_noise_hu").astype(np.float64)
    off = np.log(1.1 * true).astype(np.float32)
    found = noise_estimates(Answers(np.zeros((COUNT, 1), np.float32), None, off), examples)
    assert set(found) == {"all", "not saturated", "saturated"}
    for each in found.values():
        assert each.median_error == pytest.approx(0.1, abs=1e-4)
        assert each.srocc == pytest.approx(1)
    assert found["saturated"].n + found["not saturated"].n == found["all"].n == COUNT


def test_an_auc_counts_what_is_known(examples: Examples) -> None:
    rising = np.tile(np.array([0.9, 0.1, 0.5], np.float32), COUNT // 3)
    right = np.repeat(rising[:, None], len(FINDINGS), axis=1)
    scores = np.zeros((COUNT, 1), np.float32)
    assert set(findings_auc(Answers(scores, findings=right), examples, FINDINGS).values()) == {1.0}
    wrong = findings_auc(Answers(scores, findings=1 - right), examples, FINDINGS)
    assert set(wrong.values()) == {0.0}
    few = Examples(examples.folder, examples.table.head(30))
    unknown = findings_auc(Answers(scores[:30], findings=right[:30]), few, FINDINGS)
    assert set(unknown.values()) == {None}


def test_either_region_is_right_and_unknown_slices_do_not_count(examples: Examples) -> None:
    said = np.zeros((COUNT, len(REGIONS)), np.float32)
    said[:, REGIONS.index("abdomen")] = 1
    found = region_accuracy(Answers(said, regions=said), examples, REGIONS)
    assert found == {"all": (40, 0.5), "chest": (20, 0.0), "chest/abdomen": (20, 1.0)}


def card(**answers: list[str]) -> ModelCard:
    return parse_card(json.dumps(tiny_card("five", answers=answers)).encode(), Path("five.json"))


def test_a_network_that_gives_scores_alone_has_no_facts(examples: Examples) -> None:
    answers = Answers(np.zeros((COUNT, 1), np.float32))
    assert answer_facts(answers, examples, card()) == {}
    assert judged_examples(answers, card()).all()


def test_what_a_region_is_not_judged_for_is_counted(examples: Examples) -> None:
    said = np.zeros((COUNT, len(REGIONS)), np.float32)
    said[:, REGIONS.index("limb")] = 1
    said[:9, REGIONS.index("chest")] = 2
    answers = Answers(said, regions=said)
    names = card(findings=[], regions=list(REGIONS), judged=["chest", "abdomen"])
    assert judged_examples(answers, names).tolist() == [k < 9 for k in range(COUNT)]
    facts = answer_facts(answers, examples, names)
    assert facts["judged"] == {"n": 9, "of": COUNT}
    assert facts["should_abstain"] == {"n": 0, "abstained": 0.0}
    assert facts["should_score"] == {"n": 40, "abstained": 0.85}
    assert facts["regions"]["all"] == {"n": 40, "right": 0.15}
    assert facts["equivalent_noise"] == facts["findings_auc"] == {}
