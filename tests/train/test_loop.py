from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.tiny import TRAIN, loss, made_up, rising, run, training
from torch import Tensor, nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.recipe import TrainRecipe
from ctiqa.train import checkpoint
from ctiqa.train.batches import Batch, Batches
from ctiqa.train.loop import BEST, LAST, learning_rate

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


def assert_same(a: Path, b: Path) -> None:
    (ours, facts), (theirs, other) = checkpoint.load(a), checkpoint.load(b)
    assert facts == other
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Path:
    """The folder of three steps out of six."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.raises(InterruptedRunError, match="step 3/6"):
        run(training(folder, tell=interrupt), examples)
    assert checkpoint.load(folder / LAST)[1]["step"] == 3
    return folder


def test_three_and_three_steps_are_six(
    straight: Path, stopped: Path, examples: Examples, tmp_path: Path
) -> None:
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    made = training(tmp_path, seed=99)
    validate = rising()
    validate(made.model)
    made.run(Batches(examples, made.recipe), loss, validate)
    assert_same(tmp_path / LAST, straight / LAST)
    assert_same(tmp_path / BEST, straight / BEST)


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
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, timeout=60)
    ours, facts = checkpoint.load(tmp_path / "run" / LAST)
    theirs, _ = checkpoint.load(straight / LAST)
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
    with pytest.raises(DataError, match="was made by another recipe; remove the folder"):
        run(training(straight, other), examples)


def test_a_loss_that_is_no_number_stops_the_run(examples: Examples, tmp_path: Path) -> None:
    steps = itertools.count()

    def breaks_at_4(batch: Batch, scores: Tensor, noise: Tensor) -> Tensor:
        return loss(batch, scores, noise) * (torch.nan if next(steps) == 4 else 1.0)

    made = training(tmp_path)
    with pytest.raises(DataError, match=r"the loss is nan at step 4; .*last.safetensors.*lower"):
        made.run(Batches(examples, made.recipe), breaks_at_4, rising())
    tensors, facts = checkpoint.load(tmp_path / LAST)
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
    assert made.run(Batches(examples, made.recipe), loss, validate) == tmp_path / BEST
    assert checkpoint.load(tmp_path / BEST)[1]["step"] == best
    assert checkpoint.load(tmp_path / LAST)[1]["step"] == 6
    assert [h["overall"] for h in made.history] == figures


def test_a_resumed_run_remembers_its_best(examples: Examples, tmp_path: Path) -> None:
    made = training(tmp_path, tell=interrupt)
    with pytest.raises(InterruptedRunError):
        made.run(Batches(examples, made.recipe), loss, lambda _: {"overall": 2.0})
    again = training(tmp_path)
    again.run(Batches(examples, again.recipe), loss, lambda _: {"overall": 1.0})
    assert checkpoint.load(tmp_path / BEST)[1]["step"] == 3


def test_validation_sees_the_average(examples: Examples, tmp_path: Path) -> None:
    made = training(tmp_path)
    seen: list[nn.Module] = []

    def validate(model: nn.Module) -> dict[str, float]:
        seen.append(model)
        return {"overall": 1.0}

    made.run(Batches(examples, made.recipe), loss, validate)
    assert all(model is made.average.module for model in seen)
    name = "head.weight"
    ours, average = (m.state_dict()[name] for m in (made.model, made.average.module))
    assert not torch.equal(ours, average)


def test_progress_is_told(examples: Examples, tmp_path: Path) -> None:
    lines: list[str] = []
    run(training(tmp_path, tell=lines.append), examples)
    assert [line.split(":")[0] for line in lines] == ["step 3/6", "step 6/6"]
    assert all("overall" in line and "images/s" in line for line in lines)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (55, 0.505), (99, 0.0103)],
)
def test_learning_rate_by_hand(step: int, rate: float) -> None:
    recipe = TrainRecipe(steps=100, warmup=0.1, learning_rate=1.0)
    assert learning_rate(recipe, step) == pytest.approx(rate, abs=1e-3)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_the_learning_rate_rises_and_falls(steps: int, warmup: float) -> None:
    recipe = TrainRecipe(steps=steps, warmup=warmup, learning_rate=2.0)
    rates = [learning_rate(recipe, step) for step in range(steps)]
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) == pytest.approx(2.0)
    assert min(rates) > 0
