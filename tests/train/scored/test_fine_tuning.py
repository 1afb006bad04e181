"""The recipe for readers' scores, by its commands, on a miniature of LDCTIQAC2023."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tests.train.scored.made import NAME, NETWORK, abdomen, import_model, trained, write_scores

from ctiqa import Scorer
from ctiqa.cli.app import run
from ctiqa.data.manifest import Examples, read_examples
from ctiqa.errors import DataError
from ctiqa.evaluate.predictors.networks import run_predictor
from ctiqa.evaluate.scale import GRADES
from ctiqa.models.contract import Outputs
from ctiqa.recipe import Recipe, read_recipe
from ctiqa.train import export
from ctiqa.train.load import load_trained
from ctiqa.train.setup.devices import Device
from ctiqa.train.setup.open_run import open_run
from ctiqa.train.student import load_student
from ctiqa.types import SliceScore

STEM = "ctiqa-ldctiqac2023"

FILE = Path(__file__).parents[3] / "recipes" / f"{STEM}.toml"

SMALL: Mapping[str, Any] = {
    "from_model": NAME,
    "stem": list(NETWORK.stem),
    "blocks": NETWORK.blocks,
    "heads": NETWORK.heads,
    "outputs": NETWORK.outputs,
    "epochs": 8,
    "batch": 6,
    "learning_rate": 3e-3,
    "ema_decay": 0.8,
}
"""What makes the recipe one of seconds; all other keys are those of the repository."""


@dataclass(frozen=True)
class Desk:
    """Where the commands were run."""

    folder: Path
    recipe: Path
    data: Path
    run: Path
    model: Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Everything from the scores to a model of one's own."""
    folder = tmp_path_factory.mktemp("readers")
    text = FILE.read_text(encoding="utf-8")
    for key, value in SMALL.items():
        text, count = re.subn(rf"^{key} = .*$", f"{key} = {json.dumps(value)}", text, flags=re.M)
        assert count == 1, key
    recipe = folder / FILE.name
    recipe.write_text(text, encoding="utf-8")
    write_scores(folder / "root")
    import_model(folder / "installed")
    made = Desk(folder, recipe, folder / "data", folder / "run", folder / "mine" / f"{STEM}.onnx")
    data, out = ["--data", str(made.data)], ["--out", str(made.run)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CTIQA_MODELS", str(folder / "installed"))
        file = str(recipe)
        prepare = ["prepare", file, "--root", str(folder / "root"), "--out", str(made.data)]
        assert run([*prepare, "--jobs", "1"]) == 0
        assert run(["train-student", file, *data, *out]) == 0
        mine = ["--run", str(made.run), "--out", str(made.model.parent)]
        assert run(["export", file, *data, *mine]) == 0
        yield made


def answers(model: torch.nn.Module, examples: Examples) -> Outputs:
    images = examples.images()
    hu = np.stack([images[k] for k in range(len(images))])[:, None].astype(np.float32)
    with torch.no_grad():
        found: Outputs = model.eval()(torch.from_numpy(hu))
    return found


def error(outputs: Outputs, examples: Examples) -> float:
    """Mean absolute error of the scores."""
    score = outputs.scores.mean(dim=1).numpy()
    return float(np.abs(score - examples.column("label").astype(float)).mean())


def test_readers_change_the_score_and_not_the_equivalent_noise(desk: Desk) -> None:
    train = read_examples(desk.data).where(split="train")
    tuned = load_trained(desk.run).network
    before, after = (answers(model, train) for model in (trained(), tuned))
    assert error(after, train) < 0.8 * error(before, train)
    assert before.total is not None
    assert after.total is not None
    assert (after.total - before.total).abs().median() < 0.1
    assert np.ptp(before.total.numpy()) > 1, "the slices differ in noise"


def test_noise_still_costs(desk: Desk) -> None:
    tuned = load_trained(desk.run).network
    grain = np.random.default_rng(5).standard_normal((256, 256))
    levels = (10, 30, 80)
    hu = np.stack([abdomen(60, 256) + level * grain for level in levels]).astype(np.float32)
    with torch.no_grad():
        score = tuned(torch.from_numpy(hu[:, None])).scores.mean(dim=1).tolist()
    assert score == sorted(score, reverse=True)


@pytest.fixture
def drawn_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices that are drawn are no patients, so nothing would be scored."""
    monkeypatch.setattr("ctiqa.score.pipeline.why_outside", lambda *_, **__: None)


@pytest.mark.usefixtures("drawn_is_scored")
def test_the_exported_model_gives_the_scores_of_the_run(desk: Desk) -> None:
    hu = abdomen(61, 256) + np.random.default_rng(6).normal(0, 40, (256, 256)).astype(np.float32)
    found = Scorer(desk.model, engine="onnxruntime", jobs=1).score(hu)
    assert isinstance(found, SliceScore)
    with torch.no_grad():
        wanted = load_trained(desk.run).network(torch.from_numpy(hu[None, None]))
    assert found.score == pytest.approx(wanted.scores.mean().clamp(0, 4).item(), abs=1e-3)
    assert found.equivalent_noise_hu == pytest.approx(wanted.total.exp().item(), rel=1e-3)
    assert found.region == "abdomen"


def test_the_card_says_whose_the_weights_are(desk: Desk) -> None:
    card = json.loads(desk.model.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["licence"] == (
        f"The user's own: made from {NAME} (Apache-2.0) and data (CC BY-NC-SA 4.0); not part of "
        "ctiqa"
    )
    assert card["label"] == "Mean score of the challenge's radiologists."
    assert [each["source"] for each in card["data"]] == ["Made here", "LDCTIQAC2023"]
    assert card["answers"]["judged"] == ["abdomen"]
    assert card["not_trained_on"] == ["cone-beam CT"]


def test_a_finished_run_is_not_trained_again(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    best = desk.run / "fine-tune" / "best.safetensors"
    before = best.stat().st_mtime_ns
    train = ["train-student", str(desk.recipe), "--data", str(desk.data), "--out", str(desk.run)]
    assert run(train) == 0
    assert best.stat().st_mtime_ns == before
    said = " ".join(capsys.readouterr().out.split())
    assert re.search(
        r"training on \d+ patients, validating on \d+ others \(the data set names none", said
    )


@pytest.fixture
def others(desk: Desk, tmp_path: Path) -> Path:
    """The same slices scored from 1 to 5."""
    shutil.copytree(desk.data, tmp_path / "data")
    file = tmp_path / "data" / "manifest.parquet"
    raised = [pl.col("label") + 1, pl.col("raw") + 1, pl.lit("1-5").alias("label_scale")]
    pl.read_parquet(file).with_columns(*raised).write_parquet(file)
    return tmp_path / "data"


def test_scores_on_another_scale_are_learned_as_grades(
    desk: Desk, others: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = read_recipe(desk.recipe)
    grades, same = (open_run(recipe, data, tmp_path / "run").train for data in (others, desk.data))
    assert grades.column("label").tolist() == pytest.approx(same.column("label").tolist())
    assert run_predictor(desk.run, "mine", Device()).scale == GRADES
    scales = []

    def spied(model: torch.nn.Module, *, scale: tuple[float, float], **_: Any) -> bytes:
        scales.append(scale)
        return desk.model.read_bytes()

    monkeypatch.setattr(export, "to_onnx", spied)
    out = ["--run", str(desk.run), "--out", str(tmp_path / "mine")]
    assert run(["export", str(desk.recipe), "--data", str(others), *out]) == 0
    assert scales == [(0.0, 4.0)]


def opened(recipe: Recipe, data: Path, out: Path, **columns: pl.Expr) -> str:
    """Problems of a run on a changed data set."""
    changed = shutil.copytree(data, out / "data") / "manifest.parquet"
    pl.read_parquet(changed).with_columns(**columns).write_parquet(changed)
    with pytest.raises(DataError) as caught:
        open_run(recipe, out / "data", out / "run")
    assert not (out / "run").exists()
    return str(caught.value)


def test_all_that_is_wrong_with_scores_is_named_before_training(desk: Desk, tmp_path: Path) -> None:
    recipe = read_recipe(desk.recipe)
    same = pl.lit(3.0)
    said = opened(recipe, desk.data, tmp_path, label=same, raw=same, patient=pl.lit("one"))
    assert "fine_tune: training scores must span at least 1 grade of 0–4, got 3 to 3" in said
    assert "fine_tune: validation scores must differ, got 3 for all" in said
    assert "fine_tune: every patient must be in one split, which is not true of one" in said


def test_scores_beyond_a_scale_that_nobody_stated(desk: Desk, tmp_path: Path) -> None:
    recipe = read_recipe(desk.recipe)
    high = pl.col("label") * 25
    said = opened(recipe, desk.data, tmp_path, label=high, raw=high)
    assert "labels must be in 0…4, which those of " in said
    assert "state their scale ('data.score_range') and prepare again" in said


def test_the_student_of_the_recipe_is_found(desk: Desk) -> None:
    recipe = read_recipe(desk.recipe)
    mine, found = load_student(recipe, desk.run).state_dict(), load_trained(desk.run).network
    assert all(torch.equal(mine[name], value) for name, value in found.state_dict().items())
