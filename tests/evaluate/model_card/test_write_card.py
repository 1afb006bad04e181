from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.train.onnx_file import tiny_network
from tests.train.tiny import RECIPE

from ctiqa.data.manifest import Examples, read_header
from ctiqa.errors import DataError, WeightsError
from ctiqa.evaluate.conformal import calibrate
from ctiqa.evaluate.model_card import held_out
from ctiqa.evaluate.model_card import write_card as model_card
from ctiqa.evaluate.model_card.write_card import write_model
from ctiqa.evaluate.predictors.predictor import Predictor
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.recipe import StemVitNetwork
from ctiqa.score.engines.engine import Engine
from ctiqa.weights import file_digest, load_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model") / "new"


def predictor_of(folder: Path) -> Predictor:
    engine = Engine(load_model(folder / "tiny.onnx"), 1)
    return Predictor("tiny", "model", {}, estimate=engine.run, scale=GRADES)


@pytest.fixture(scope="module")
def card(folder: Path, examples: Examples) -> dict[str, Any]:
    quick = partial(held_out.agreement_with_intervals, resamples=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_out, "agreement_with_intervals", quick)
        return write_model(RECIPE, tiny_network()[1], examples, folder, threads=1)


def test_three_files_are_written(card: dict[str, Any], folder: Path) -> None:
    assert {f.name for f in folder.iterdir()} == {"tiny.onnx", "tiny.json", "hashes.json"}
    hashes = json.loads((folder / "hashes.json").read_text())
    assert hashes == {
        name: file_digest((folder / name).read_bytes()) for name in ("tiny.onnx", "tiny.json")
    }


def test_the_model_loads_and_runs(card: dict[str, Any], folder: Path) -> None:
    model = load_model(folder / "tiny.onnx")
    assert model.network == tiny_network()[1]
    assert (model.card.members, model.card.matrix) == (2, (256, 1024))
    assert model.card.interval.level == 0.9
    scores = Engine(model, 1).run(np.zeros((3, 270, 333), np.float32))
    assert scores.shape == (3, 2)


def test_an_altered_file_is_refused(card: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    altered = json.loads((tmp_path / "tiny.json").read_text())
    altered["interval"]["quantile"] = 0.1
    (tmp_path / "tiny.json").write_text(json.dumps(altered))
    with pytest.raises(WeightsError, match=r"tiny.json is not the file it should be"):
        load_model(tmp_path / "tiny.onnx")


def test_the_card_is_strict_json(card: dict[str, Any], folder: Path) -> None:
    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is not JSON")

    text = (folder / "tiny.json").read_text(encoding="utf-8")
    stored = json.loads(text, parse_constant=refuse)
    assert stored == json.loads(json.dumps(card))


def test_the_card_counts_what_was_trained_on(card: dict[str, Any], examples: Examples) -> None:
    train = examples.where(split="train")
    patients = len(set(train.column("patient").tolist()))
    assert card["training"]["examples"] == len(train)
    assert card["training"]["patients"] == patients
    assert card["training"]["recipe"]["name"] == "tiny"
    assert card["training"]["data_sha256"] == read_header(examples.folder)["content_sha256"]
    assert card["data"] == [
        {"source": "made here", "licence": "CC0", "patients": patients, "slices": patients}
    ]


def test_the_card_reports_patients_never_seen(card: dict[str, Any], examples: Examples) -> None:
    test = examples.where(split="test", purpose="example")
    assert card["agreement"]["n"] == len(test)
    assert card["agreement"]["patients"] == 2
    assert card["checks"]["dose_order"]["n_slices"] == len(set(test.column("shard").tolist()))
    assert sum(r["n"] for r in card["checks"]["regions"].values()) == len(test)
    assert 0 <= card["checks"]["sharper_order"] <= 1


def test_the_interval_comes_from_validation_patients(
    card: dict[str, Any], folder: Path, examples: Examples
) -> None:
    chosen = examples.where(split="validation", purpose="example")
    found = held_out.score_in_grades(predictor_of(folder), chosen, GRADES)
    assert card["interval"] == asdict(calibrate(found.unclipped, found.spread, found.label, 0.9))


def test_the_card_says_what_a_user_must_know(card: dict[str, Any]) -> None:
    assert card["output"]["range"] == [0, 4]
    assert card["input"]["range_hu"] == [-1000, 400]
    assert "16 HU of total noise is a 4, 105 HU a 0" in card["label"]
    assert card["licence"] == "Apache-2.0"
    assert card["not_trained_on"]


def test_another_model_in_the_folder_keeps_its_hashes(
    card: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "hashes.json").write_text(json.dumps({"other.onnx": "ab"}))
    model_card._write("tiny", b"network", card, tmp_path)
    hashes = json.loads((tmp_path / "hashes.json").read_text())
    assert set(hashes) == {"other.onnx", "tiny.onnx", "tiny.json"}


def test_members_must_be_what_the_recipe_says(examples: Examples, tmp_path: Path) -> None:
    three = replace(RECIPE.network, outputs=3)
    wrong = replace(RECIPE, network=three, members=3, data=replace(RECIPE.data, folds=3))
    with pytest.raises(WeightsError, match="must return finite scores of shape"):
        write_model(wrong, tiny_network()[1], examples, tmp_path, threads=1)
    assert not list(tmp_path.iterdir())


def test_slices_that_a_network_is_not_made_for_are_refused(
    examples: Examples, tmp_path: Path
) -> None:
    fixed = replace(RECIPE, network=StemVitNetwork(outputs=RECIPE.members))
    with pytest.raises(DataError, match=r"slices of 512x512 pixels, the data set has 128x128;"):
        write_model(fixed, tiny_network()[1], examples, tmp_path, threads=1)
    assert not list(tmp_path.iterdir())


def test_labels_of_another_scale_are_measured_in_grades(
    card: dict[str, Any], examples: Examples, tmp_path: Path
) -> None:
    doubled = write_model(
        RECIPE, tiny_network()[1], examples, tmp_path, threads=1, scale=Scale(-4.0, 4.0)
    )
    test = examples.where(split="test", purpose="example")
    score = held_out.score_in_grades(predictor_of(tmp_path), test, GRADES).score
    grades = (test.column("label").astype(float) + 4) / 2
    assert doubled["agreement"]["mae"]["value"] == pytest.approx(
        np.abs(score - grades).mean(), abs=1e-4
    )
    assert doubled["agreement"]["plcc"]["value"] == card["agreement"]["plcc"]["value"]


def test_checks_that_need_other_slices_are_left_out(examples: Examples, tmp_path: Path) -> None:
    plain = Examples(examples.folder, examples.where(purpose="example").table)
    checks = write_model(RECIPE, tiny_network()[1], plain, tmp_path, threads=1)["checks"]
    assert "steadiness" in checks
    assert not {"dose_order", "sharper_order"} & set(checks)
