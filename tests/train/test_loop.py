from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.train.tiny import TRAIN, loss, made_up, rising, run, training
from torch import Tensor, nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.models.contract import Outputs
from ctiqa.recipe import TrainRecipe
from ctiqa.train import checkpoint
from ctiqa.train.batches import BalancedBatches, Batch
from ctiqa.train.loop import BEST, LAST
from ctiqa.train.optimizers import learning_rate, optimizer_of

RESUME = """
from pathlib import Path
import polars as pl
from tests.train.tiny import run, training
from ctiqa.data.manifest import Examples
torch = __import__("torch")
torch.set_num_threads({threads})
table = pl.read_parquet({table!r})
run(training(Path({folder!r}), seed=99), Examples(Path({data!r}), table))
"""


class InterruptedRunError(Exception):
    """Stands for a power cut."""


def interrupt(line: str) -> None:
    raise InterruptedRunError(line)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return made_up(tmp_path_factory.mktemp("made") / "up", {"a": 5, "b": 3})


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Path:
    """The folder of six steps without a stop."""
    folder = tmp_path_factory.mktemp("straight")
    run(training(folder), examples)
    return folder


def without_times(facts: dict[str, Any]) -> dict[str, Any]:
    times = {"images_per_s", "waiting", "seconds_left"}
    history = [{k: v for k, v in h.items() if k not in times} for h in facts["history"]]
    return {**facts, "history": history}


def assert_same(a: Path, b: Path) -> None:
    (ours, facts), (theirs, other) = checkpoint.load_checkpoint(a), checkpoint.load_checkpoint(b)
    assert without_times(facts) == without_times(other)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Path:
    """The folder of three steps out of six."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.raises(InterruptedRunError, match="step 3/6"):
        run(training(folder, log=interrupt), examples)
    assert checkpoint.load_checkpoint(folder / LAST)[1]["step"] == 3
    return folder


def test_three_and_three_steps_are_six(
    straight: Path, stopped: Path, examples: Examples, tmp_path: Path
) -> None:
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    made = training(tmp_path, seed=99)
    validate = rising()
    validate(made.model)
    made.run(BalancedBatches(examples, made.recipe), loss, validate)
    assert_same(tmp_path / LAST, straight / LAST)
    assert_same(tmp_path / BEST, straight / BEST)


def test_a_checkpoint_with_keys_of_an_earlier_version_resumes(
    stopped: Path, examples: Examples, tmp_path: Path
) -> None:
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    tensors, facts = checkpoint.load_checkpoint(tmp_path / LAST)
    older = {**facts, "recipe": {**facts["recipe"], "start": "", "interpolation": 0.0}}
    save_file(tensors, tmp_path / LAST, metadata={"facts": json.dumps(older)})
    run(training(tmp_path), examples)
    assert checkpoint.load_checkpoint(tmp_path / LAST)[1]["step"] == 6


def test_another_process_goes_on_as_well(
    straight: Path, stopped: Path, examples: Examples, tmp_path: Path
) -> None:
    shutil.copytree(stopped, tmp_path / "run")
    table = tmp_path / "table.parquet"
    examples.table.write_parquet(table)
    program = RESUME.format(
        threads=torch.get_num_threads(),
        table=str(table),
        folder=str(tmp_path / "run"),
        data=str(examples.folder),
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, timeout=300)
    ours, facts = checkpoint.load_checkpoint(tmp_path / "run" / LAST)
    theirs, _ = checkpoint.load_checkpoint(straight / LAST)
    assert facts["step"] == 6
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_a_finished_training_is_left_alone(straight: Path, examples: Examples) -> None:
    before = (straight / LAST).read_bytes()
    assert run(training(straight), examples) == straight / BEST
    assert (straight / LAST).read_bytes() == before


@pytest.mark.parametrize("change", [{"seed": 2}, {"learning_rate": 1e-3}, {"steps": 9}])
def test_a_checkpoint_of_another_recipe_is_refused(
    straight: Path, examples: Examples, change: dict[str, float]
) -> None:
    other = replace(TRAIN, **change)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="was made by another recipe; use another run folder"):
        run(training(straight, other), examples)


def test_a_loss_that_is_no_number_stops_the_run(examples: Examples, tmp_path: Path) -> None:
    steps = itertools.count()

    def breaks_at_4(batch: Batch, outputs: Outputs) -> Tensor:
        return loss(batch, outputs) * (torch.nan if next(steps) == 4 else 1.0)

    made = training(tmp_path)
    with pytest.raises(DataError, match=r"the loss is nan at step 4; .*last.safetensors.*lower"):
        made.run(BalancedBatches(examples, made.recipe), breaks_at_4, rising())
    tensors, facts = checkpoint.load_checkpoint(tmp_path / LAST)
    assert facts["step"] == 3
    assert all(value.isfinite().all() for value in tensors.values())


@pytest.mark.parametrize(
    ("figures", "best"), [([1.0, 2.0], 6), ([2.0, 1.0], 3), ([1.0, 1.0], 3), ([0.0, 0.0], 3)]
)
def test_the_best_is_what_validation_says(
    examples: Examples, tmp_path: Path, figures: list[float], best: int
) -> None:
    found = iter(figures)

    def validate(_: nn.Module) -> dict[str, float]:
        return {"overall": next(found), "mae": 0.0}

    made = training(tmp_path)
    assert made.run(BalancedBatches(examples, made.recipe), loss, validate) == tmp_path / BEST
    assert checkpoint.load_checkpoint(tmp_path / BEST)[1]["step"] == best
    assert checkpoint.load_checkpoint(tmp_path / LAST)[1]["step"] == 6
    assert [h["overall"] for h in made.history] == figures


def test_a_resumed_run_remembers_its_best(examples: Examples, tmp_path: Path) -> None:
    made = training(tmp_path, log=interrupt)
    with pytest.raises(InterruptedRunError):
        made.run(BalancedBatches(examples, made.recipe), loss, lambda _: {"overall": 2.0})
    again = training(tmp_path)
    again.run(BalancedBatches(examples, again.recipe), loss, lambda _: {"overall": 1.0})
    assert checkpoint.load_checkpoint(tmp_path / BEST)[1]["step"] == 3


def test_validation_sees_the_average(examples: Examples, tmp_path: Path) -> None:
    made = training(tmp_path)
    seen: list[nn.Module] = []

    def validate(model: nn.Module) -> dict[str, float]:
        seen.append(model)
        return {"overall": 1.0}

    made.run(BalancedBatches(examples, made.recipe), loss, validate)
    assert all(model is made.average.module for model in seen)
    name = "head.weight"
    ours, average = (m.state_dict()[name] for m in (made.model, made.average.module))
    assert not torch.equal(ours, average)


def test_progress_is_told(examples: Examples, tmp_path: Path) -> None:
    lines: list[str] = []
    run(training(tmp_path, log=lines.append), examples)
    assert [line.split(":")[0] for line in lines] == ["step 3/6", "step 6/6"]
    assert all("overall" in line and "images/s" in line for line in lines)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (55, 0.505), (99, 0.0103)],
)
def test_learning_rate_by_hand(step: int, rate: float) -> None:
    recipe = TrainRecipe(steps=100, warmup=0.1, learning_rate=1.0)
    assert learning_rate(recipe, step, 100) == pytest.approx(rate, abs=1e-3)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_the_learning_rate_rises_and_falls(steps: int, warmup: float) -> None:
    recipe = TrainRecipe(steps=steps, warmup=warmup, learning_rate=2.0)
    rates = [learning_rate(recipe, step, steps) for step in range(steps)]
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) == pytest.approx(2.0)
    assert min(rates) > 0


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_of_a_batch_make_its_gradient(
    straight: Path, examples: Examples, tmp_path: Path, parts: int
) -> None:
    """Normalisation sees a part at a time, so the sameness is that of a frozen one."""
    whole, cut = (
        training(tmp_path / name, replace(TRAIN, accumulate=n, precision="float32"))
        for name, n in (("whole", 1), ("cut", parts))
    )
    batch = BalancedBatches(examples, TRAIN).batch(0)
    for made in (whole, cut):
        made.model.eval()
        made._backward(batch, loss)
    for ours, theirs in zip(whole.model.parameters(), cut.model.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)


def test_training_stops_when_nothing_becomes_better(examples: Examples, tmp_path: Path) -> None:
    patient = replace(TRAIN, steps=20, validate_every=2, patience=2)
    figures = iter([1.0, 2.0, 1.5, 1.9, 9.0])

    def validate(_: nn.Module) -> dict[str, float]:
        return {"overall": next(figures)}

    made = training(tmp_path, patient)
    made.run(BalancedBatches(examples, patient), loss, validate)
    assert checkpoint.load_checkpoint(tmp_path / LAST)[1]["step"] == 8
    again = training(tmp_path, patient)
    again.run(BalancedBatches(examples, patient), loss, validate)
    assert checkpoint.load_checkpoint(tmp_path / LAST)[1]["step"] == 8


def test_training_may_choose_as_published(examples: Examples, tmp_path: Path) -> None:
    """What DistilIQA's student does: the figure on training data decides."""
    made = training(tmp_path, replace(TRAIN, select="training"))
    made.run(BalancedBatches(examples, made.recipe), loss, lambda _: {"overall": 1.0})
    trained = [h["train_overall"] for h in made.history]
    wanted = 3 if trained[0] >= trained[1] else 6
    assert checkpoint.load_checkpoint(tmp_path / BEST)[1]["step"] == wanted


def test_data_of_another_hash_is_refused(straight: Path, examples: Examples) -> None:
    made = training(straight)
    made.facts["data"] = "another"
    with pytest.raises(DataError, match="was made by another data"):
        run(made, examples)


@pytest.mark.parametrize(("name", "kind"), [("sgd", "SGD"), ("adam", "Adam"), ("adamw", "AdamW")])
def test_optimizers(name: Any, kind: str) -> None:
    recipe = replace(TRAIN, optimizer=name, weight_decay=0.25, momentum=0.5)
    made = optimizer_of(nn.Linear(2, 1), recipe)
    assert type(made).__name__ == kind
    assert made.defaults["weight_decay"] == 0.25
    assert made.defaults.get("momentum", 0.5) == 0.5


def test_frozen_weights_are_left_alone() -> None:
    layer = nn.Linear(2, 1)
    layer.bias.requires_grad_(False)
    made = optimizer_of(layer, TRAIN)
    assert [len(group["params"]) for group in made.param_groups] == [1]


def test_out_of_memory_says_what_fits(
    examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = training(tmp_path)

    def too_large(batch: Batch, outputs: Outputs) -> Tensor:
        raise torch.OutOfMemoryError("no more")

    with pytest.raises(
        DataError, match=r"a micro-batch of 4 images .*set 'accumulate' = 2 \(micro-batches of 2\)"
    ):
        made.run(BalancedBatches(examples, made.recipe), too_large, rising())
