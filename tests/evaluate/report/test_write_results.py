from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.made import opened, table_of

from ctiqa.errors import OutputError, UsageError
from ctiqa.evaluate.evaluation import Evaluation, Options, evaluate
from ctiqa.evaluate.report.distiliqa_csv import ACCUMULATE_METRICS, EVAL_INFO
from ctiqa.evaluate.report.write_results import (
    rounded_facts,
    table_folders,
    write_results,
)
from ctiqa.io.atomic import check_results_folder
from ctiqa.metrics.agreement.coefficients import agreement

WHEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    labelled = opened(tmp_path_factory.mktemp("results") / "set")
    near = np.clip(labelled.label + np.tile([0.1, -0.13, 0.02], 8), 0, 4)
    made = [
        table_of(dict(zip(labelled.ids, scores.tolist(), strict=True)), name)
        for name, scores in (("one", near), ("a/b: c", np.clip(near + 0.07, 0, 4)))
    ]
    return evaluate(made, labelled, Options(robustness=True))


def only(found: Evaluation) -> Evaluation:
    return evaluate([found.models[0].predictor], found.labelled, Options())


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_of_one_model(found: Evaluation, tmp_path: Path) -> None:
    one, out = only(found), tmp_path / "out"
    write_results(one, out, "ctiqa evaluate", WHEN)
    assert sorted(file.name for file in out.iterdir()) == [
        ACCUMULATE_METRICS,
        EVAL_INFO,
        "index.html",
        "metrics.json",
    ]
    images = read(out / EVAL_INFO)
    model, labelled = one.models[0], one.labelled
    assert [row["patient"] for row in images] == list(labelled.ids)
    assert np.allclose([float(row["true"]) for row in images], labelled.label)
    assert np.allclose([float(row["pred"]) for row in images], model.main.score)
    assert [row["patient_id"] for row in images] == labelled.patient.tolist()
    assert {row["region"] for row in images} == {"chest", "abdomen"}
    (whole,) = read(out / ACCUMULATE_METRICS)
    expected = agreement(model.main.score, labelled.label)
    assert float(whole["overall "]) == pytest.approx(expected.overall, rel=1e-6)
    assert float(whole["mse"]) == pytest.approx(expected.mse, rel=1e-6)


def test_several_models_have_a_folder_each(found: Evaluation, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_results(found, out, "ctiqa evaluate", WHEN)
    assert {file.parent.name for file in out.rglob(EVAL_INFO)} == {"one", "a-b-c"}
    assert not (out / EVAL_INFO).exists()


def test_the_json_holds_every_figure(found: Evaluation, tmp_path: Path) -> None:
    write_results(found, tmp_path / "out", "ctiqa evaluate x", WHEN)
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert facts["schema"] == 3
    assert facts["command"] == "ctiqa evaluate x"
    assert facts["created"] == "2026-11-21T12:00:00+00:00"
    assert facts["data"] == {
        "folder": "set",
        "content_sha256": found.labelled.content,
        "split": "test",
        "examples": 24,
        "patients": 4,
        "left_out_patients": [],
        "scale": [0.0, 4.0],
        "label_step": None,
    }
    first, second = facts["models"]
    for model in (first, second):
        for kind in ("as_given", "clipped", "rounded"):
            for figure in model[kind].values():
                low, high = figure["interval"]
                assert low <= high
    value = found.models[0].given["overall"].value
    assert first["as_given"]["overall"]["value"] == pytest.approx(value, abs=1e-6)
    assert [part["name"] for part in first["parts"]["region"]] == ["abdomen", "chest"]
    assert first["scans"]["scans"] == 12
    assert first["properties"]["orders"]["dose"]["label"]["slices"] == 8
    assert {each["metric"] for each in facts["differences"]} >= {"overall", "mae"}


def test_the_same_evaluation_gives_the_same_bytes(found: Evaluation, tmp_path: Path) -> None:
    again = evaluate([m.predictor for m in found.models], found.labelled, found.options)
    for place, each in (("a", found), ("b", again)):
        write_results(each, tmp_path / place, "ctiqa evaluate", WHEN)
    names = [f.relative_to(tmp_path / "a") for f in (tmp_path / "a").rglob("*") if f.is_file()]
    assert len(names) == 6
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_names_that_would_share_a_folder() -> None:
    folders = table_folders(Path("out"), ["a b", "a/b", "..", "a b"])
    assert [folder.name for folder in folders] == ["a-b", "a-b~2", "model", "a-b~3"]
    assert all(folder.parent == Path("out") for folder in folders)


def test_a_file_in_the_way(tmp_path: Path, found: Evaluation) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="'out' must be a folder"):
        check_results_folder(tmp_path / "out")
    with pytest.raises(OutputError, match="cannot be made"):
        write_results(found, tmp_path / "out", "ctiqa evaluate", WHEN)
    assert (tmp_path / "out").read_text() == "mine"


def test_short_leaves_all_else_alone() -> None:
    assert rounded_facts({"n": 3, "b": True, "s": "x", "l": (1.23456789, None)}) == {
        "n": 3,
        "b": True,
        "s": "x",
        "l": [1.234568, None],
    }
