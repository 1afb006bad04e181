from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.ablation.tiny_study import result
from tests.evaluate.made import scored

from ctiqa.errors import DataError
from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS
from ctiqa.evaluate.ablation.results import (
    read_result,
    result_of,
    summaries_of,
    summary_from,
    write_result,
)
from ctiqa.evaluate.statistics import estimates_of

MARK = {"recipe": {"name": "tiny"}, "data": "a hash", "split": "test", "without": ("p",)}


def test_summaries_are_means_over_seeds() -> None:
    (row,) = summaries_of([result("4 blocks", 0, 2.0), result("4 blocks", 1, 2.2)])
    assert row.metrics["overall"] == pytest.approx(2.1)
    assert row.clipped["overall"] == pytest.approx(2.113)
    assert row.spread == pytest.approx(0.2 / 2**0.5)
    assert row.interval == pytest.approx((2.0, 2.2))


def test_a_result_has_the_metrics_of_an_evaluation() -> None:
    label = np.linspace(0, 4, 12)
    student = scored(label + np.tile([0.5, -0.3], 6), label, patient=np.arange(12) // 2)
    found = result_of("a", 1, student, student.rescored(4 - label), minutes=2.0)
    whole, clipped = estimates_of(student), estimates_of(student.clipped)
    assert found.metrics == {name: whole[name].value for name in PUBLISHED_METRICS}
    assert found.clipped == {name: clipped[name].value for name in PUBLISHED_METRICS}
    assert found.clipped["mae"] < found.metrics["mae"]
    assert found.interval == whole["overall"].interval
    assert found.teacher_overall == pytest.approx(3.0)
    assert result_of("a", 1, student, minutes=2.0).teacher_overall is None


@pytest.mark.parametrize("key", ["metrics", "figures"])
def test_a_stored_result_is_read_whatever_its_version_calls_the_metrics(
    key: str, tmp_path: Path
) -> None:
    given, file = result("earlier name", 3, 2.0), tmp_path / "result.json"
    write_result(file, MARK, given)
    stored = json.loads(file.read_text())
    stored["result"][key] = stored["result"].pop("metrics")
    file.write_text(json.dumps(stored))
    assert read_result(file, MARK, "a", 0) == replace(given, variant="a", seed=0)
    (row,) = summaries_of([given])
    values = json.loads(json.dumps(asdict(row)))
    values[key] = values.pop("metrics")
    assert summary_from(values) == row


def test_results_that_are_not_of_this_variant_are_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert read_result(file, MARK, "a", 0) is None
    write_result(file, MARK, result("a", 0, 2.0))
    with pytest.raises(DataError, match="belongs to another recipe or other data"):
        read_result(file, MARK | {"data": "another"}, "a", 0)
    broken = json.dumps({**MARK, "result": {"minutes": 1}})
    for text in ("{}", '{"recipe": 1, "result": {}}', broken):
        file.write_text(text)
        with pytest.raises(DataError, match="is not a training result"):
            read_result(file, MARK, "a", 0)


def test_a_result_is_read_whatever_its_version_calls_the_keys_of_the_recipe(
    tmp_path: Path,
) -> None:
    given, file = result("a", 0, 2.0), tmp_path / "result.json"
    mark = {**MARK, "recipe": {"name": "tiny", "student": {"ema_decay": 0.9}}}
    earlier = {"name": "tiny", "fine_tune_from": "", "interpolation": 0.0}
    write_result(file, {**mark, "recipe": {**earlier, "student": {"average": 0.9}}}, given)
    assert read_result(file, mark, "a", 0) == given
