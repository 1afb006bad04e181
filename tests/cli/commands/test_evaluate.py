from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Run
from tests.evaluate.made import rows, tiny, write_csv, write_set


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a data set and a model."""
    monkeypatch.chdir(tmp_path)
    write_set(Path("set"))
    tiny(Path("models"))
    rng = np.random.default_rng(0)
    scores = {
        row["id"]: round(float(np.clip(row["label"] + rng.normal(0, 0.4), 0, 4)), 3)
        for row in rows()
        if row["split"] != "train"
    }
    write_csv(Path("rival.csv"), scores.items())
    return tmp_path


def test_a_model_and_a_table_side_by_side(run: Run, here: Path) -> None:
    done = run(
        *("evaluate", "models/tiny.onnx", "--predictions", "rival.csv", "--data", "set"),
        *("--out", "out/deep", "--properties", "--property-examples", "4", "--jobs", "1"),
    )
    assert done.status == 0, done.err
    assert "tiny: overall 3.000 (3.000-3.000), MAE 0.00" in done.out
    assert "rival: overall 2." in done.out
    assert "page: out/deep/index.html" in done.out
    assert "note: 4 patients are few" in done.err
    for label in ("tiny: test: 24/24, 0 s left", "tiny: validation: 18/18", "tiny: robustness: "):
        assert label in done.err
    facts = json.loads(Path("out/deep/metrics.json").read_text())
    assert facts["command"] == (
        "ctiqa evaluate models/tiny.onnx --data set --out out/deep --predictions rival.csv "
        "--properties --property-examples 4 --jobs 1"
    )
    assert [model["name"] for model in facts["models"]] == ["tiny", "rival"]
    assert facts["models"][0]["properties"]["examples"] == 4
    for name in ("tiny", "rival"):
        with Path(f"out/deep/{name}/eval_info.csv").open() as stream:
            assert len(list(csv.DictReader(stream))) == 24


def test_rounded_scores_of_another_split(run: Run, here: Path) -> None:
    done = run(
        *("evaluate", "--predictions", "rival.csv", "--data", "set", "--out", "out"),
        *("--split", "validation", "--round"),
    )
    assert done.status == 0, done.err
    with Path("out/eval_info.csv").open() as stream:
        predicted = [float(row["pred"]) for row in csv.DictReader(stream)]
    assert len(predicted) == 18
    assert np.allclose(np.array(predicted) * 5, np.rint(np.array(predicted) * 5))
    facts = json.loads(Path("out/metrics.json").read_text())
    assert (facts["data"]["split"], facts["protocol"]["main"]) == ("validation", "rounded")


def test_patients_of_the_training_set_are_left_out(run: Run, here: Path) -> None:
    other = [{**row, "patient": "test0"} for row in rows() if row["split"] == "train"]
    write_set(Path("trained"), other)
    done = run(
        *("evaluate", "models/tiny.onnx", "--data", "set", "--out", "out"),
        *("--trained-on", "trained"),
    )
    assert done.status == 0, done.err
    facts = json.loads(Path("out/metrics.json").read_text())
    assert facts["data"]["left_out_patients"] == ["test0"]
    assert facts["data"]["examples"] == 18


def test_everything_wrong_is_said_at_once(run: Run, here: Path) -> None:
    write_csv(Path("bad.csv"), [("test0-000-native-000", "x"), ("who", 1)])
    done = run(
        *("evaluate", "ctiqa-s9", "none.onnx", "--predictions", "bad.csv", "--data", "set"),
        *("--out", "out"),
    )
    assert done.status == 2
    for expected in (
        "did you mean 'ctiqa-s4'",
        "none.onnx",
        "23 missing examples",
        "1 examples that the data set does not have: who",
        "line 2: 'x'",
    ):
        assert expected in done.err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--data", "set"), "name a MODEL, or give --predictions"),
        (("models/tiny.onnx", "--data", "nothing"), "holds no finished data set"),
        (("models/tiny.onnx", "--data", "set", "--split", "tset"), "got 'tset'"),
        (("ctiqa-s4", "--data", "set"), "made for slices of 256 to 1024 pixels"),
    ],
)
def test_wrong_usage(run: Run, here: Path, words: tuple[str, ...], expected: str) -> None:
    done = run("evaluate", *words, "--out", "out")
    assert done.status == 2
    assert expected in done.err
    assert not Path("out").exists()


def test_a_file_in_the_way_is_found_before_any_work(run: Run, here: Path) -> None:
    Path("out").write_text("mine")
    done = run("evaluate", "models/tiny.onnx", "--data", "nothing", "--out", "out")
    assert done.status == 2
    assert "'out' must be a folder" in done.err
    assert Path("out").read_text() == "mine"
