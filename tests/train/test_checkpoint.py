from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.train.tiny import NETWORK, loss, made_up, rising, training

from ctiqa.errors import DataError
from ctiqa.models import Stride32
from ctiqa.train import checkpoint
from ctiqa.train.batches import BalancedBatches
from ctiqa.train.loop import LAST, Training

FACTS: dict[str, Any] = {"step": 3, "recipe": {"name": "a"}, "history": [{"overall": 2.5}]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Training:
    folder = tmp_path_factory.mktemp("trained")
    made = training(folder)
    made.run(BalancedBatches(made_up(folder / "data", {"a": 4}), made.recipe), loss, rising())
    return made


def parts(made: Training) -> dict[str, Any]:
    return {"model": made.model, "average": made.average, "optimizer": made.optimizer}


def test_everything_comes_back(trained: Training, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "er" / "a.safetensors"
    checkpoint.save(file, FACTS, **parts(trained))
    other = training(tmp_path, seed=9)
    assert not torch.equal(next(other.model.parameters()), next(trained.model.parameters()))
    tensors, facts = checkpoint.load_checkpoint(file)
    checkpoint.restore(tensors, **parts(other))
    assert facts == FACTS
    for ours, theirs in ((trained.model, other.model), (trained.average, other.average)):
        for name, value in ours.state_dict().items():
            assert torch.equal(value, theirs.state_dict()[name]), name
    ours, theirs = (m.optimizer.state_dict()["state"] for m in (trained, other))
    assert ours.keys() == theirs.keys()
    for index, values in ours.items():
        assert values.keys() == {"step", "exp_avg", "exp_avg_sq"}
        for name, value in values.items():
            assert torch.equal(torch.as_tensor(value), theirs[index][name]), name


def test_nothing_else_is_left_behind(trained: Training, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.safetensors", FACTS, **parts(trained))
    assert [f.name for f in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_failed_save_keeps_what_was_there(trained: Training, tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    checkpoint.save(file, FACTS, **parts(trained))
    before = file.read_bytes()
    with pytest.raises(TypeError):
        checkpoint.save(file, {"step": object()}, **parts(trained))
    assert file.read_bytes() == before


def test_no_pickle_is_written_or_read(trained: Training, tmp_path: Path) -> None:
    header = (trained.folder / LAST).read_bytes()[8:9]
    assert header == b"{"
    pickled = tmp_path / "a.safetensors"
    torch.save({"model": torch.zeros(3)}, pickled)
    with pytest.raises(DataError, match="is not a checkpoint of ctiqa"):
        checkpoint.load_checkpoint(pickled)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x02" + bytes(7) + b"{}"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"a.safetensors' is not a checkpoint of ctiqa"):
        checkpoint.load_checkpoint(file)


def test_a_truncated_checkpoint_is_refused(trained: Training, tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes((trained.folder / LAST).read_bytes()[:-100])
    with pytest.raises(DataError, match="is not a checkpoint of ctiqa"):
        checkpoint.load_checkpoint(file)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; train it first"):
        checkpoint.load_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize("change", [{"blocks": 2}, {"outputs": 3}, {"stem": (8, 8, 8, 16, 16)}])
def test_another_architecture_is_refused(trained: Training, change: dict[str, Any]) -> None:
    tensors, _ = checkpoint.load_checkpoint(trained.folder / LAST)
    with pytest.raises(DataError, match="of another architecture"):
        checkpoint.load_part(tensors, "model", Stride32(replace(NETWORK, **change)))
