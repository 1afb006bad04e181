"""Trainings as real processes: killed and resumed, and two that train one network."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared
from torch import nn

from ctiqa.recipe import Recipe, read_recipe
from ctiqa.train import checkpoint
from ctiqa.train.loop import LAST
from ctiqa.train.setup.devices import Device, device
from ctiqa.train.setup.synced_norm import SyncedBatchNorm2d, with_synced_norms

ROOT = Path(__file__).parents[2]

TOML = """
name = "tiny"
members = 2

[data]
train_examples = 3
held_out_examples = 3
folds = 2
test_share = 0.25

[network]
stem = [8, 8, 8, 8, 16]
blocks = 1
heads = 2
outputs = 2

[teacher]
steps = {steps}
batch = 4
validate_every = 2
precision = "float32"
augment = ["flip", "rotate"]
"""

KILLED = """
import os, signal, sys
from ctiqa.cli import main
from ctiqa.train.loop import Training
step = Training._step
def until_5(self, number, *rest):
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, number, *rest)
Training._step = until_5
main(sys.argv[1:])
"""
"""A training that is killed in its sixth step, with nothing to say good-bye."""


def recipe_file(folder: Path, *, steps: int = 8) -> Path:
    file = folder / "tiny.toml"
    file.write_text(TOML.format(steps=steps))
    assert read_recipe(file).data == DATA
    return file


def words(recipe: Path, data: Path, out: Path) -> list[str]:
    options = ["--data", str(data), "--out", str(out), "--member", "0", "--device", "cpu"]
    return ["-m", "ctiqa.cli", "train-teacher", str(recipe), *options]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def train(recipe: Path, data: Path, out: Path) -> None:
    program = [sys.executable, *words(recipe, data, out)]
    subprocess.run(program, cwd=ROOT, env=environment(), check=True, timeout=200)


def last(out: Path) -> Path:
    return out / "teacher-0" / LAST


def losses(out: Path) -> list[float]:
    return [h["loss"] for h in checkpoint.load_checkpoint(last(out))[1]["history"]]


def test_killed_and_resumed_ends_in_the_same_bits(prepared: Prepared, tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path)
    train(recipe, prepared.out, tmp_path / "straight")
    program = [sys.executable, "-c", KILLED, *words(recipe, prepared.out, tmp_path / "killed")[2:]]
    ended = subprocess.run(program, cwd=ROOT, env=environment(), check=False, timeout=200)
    assert ended.returncode == -signal.SIGKILL
    assert checkpoint.load_checkpoint(last(tmp_path / "killed"))[1]["step"] == 4
    train(recipe, prepared.out, tmp_path / "killed")
    ours, theirs = (
        checkpoint.load_checkpoint(last(tmp_path / k))[0] for k in ("killed", "straight")
    )
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert losses(tmp_path / "killed") == losses(tmp_path / "straight")


def test_two_processes_train_as_one(prepared: Prepared, tmp_path: Path) -> None:
    """The loss curve is that of one process, batch normalisation included."""
    recipe = recipe_file(tmp_path, steps=6)
    train(recipe, prepared.out, tmp_path / "one")
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    program = [sys.executable, *torchrun, *words(recipe, prepared.out, tmp_path / "two")]
    done = subprocess.run(
        program,
        cwd=ROOT,
        env=environment(),
        timeout=200,
        check=True,
        capture_output=True,
        text=True,
    )
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=2e-3)
    told = [line for line in done.stdout.splitlines() if "step" in line]
    assert len(told) == 3, "only the first process tells"


def test_a_recipe_without_a_teacher(tmp_path: Path) -> None:
    assert Recipe("a", members=0).members == 0


def test_one_process_is_the_first_and_only() -> None:
    with device("cpu") as where:
        assert where == Device(torch.device("cpu"), 0, 1)
        assert where.agreed(value=True)
        assert where.mean(torch.tensor(2.0)).item() == 2


def test_synced_norms_keep_weights_and_are_plain_outside_of_groups() -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3))
    x = torch.randn(4, 1, 8, 8)
    wanted = plain(x)
    state = {name: value.clone() for name, value in plain.state_dict().items()}
    synced = with_synced_norms(plain, "cpu")
    assert isinstance(synced.get_submodule("1"), SyncedBatchNorm2d)
    assert all(torch.equal(value, state[name]) for name, value in synced.state_dict().items())
    torch.testing.assert_close(synced(x), wanted)
