from __future__ import annotations

import csv
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.train.tiny import NETWORK, RECIPE, TRAIN, run_of
from torch import Tensor, nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.models.build import build
from ctiqa.models.contract import Outputs
from ctiqa.recipe import FineTuneRecipe, Recipe, TrainRecipe
from ctiqa.train import checkpoint, teacher
from ctiqa.train.batches import Batches, batches_of
from ctiqa.train.load import load_teacher, load_trained
from ctiqa.train.loop import BEST, LAST
from ctiqa.train.predict import predict, validation
from ctiqa.train.setup.devices import Device
from ctiqa.train.setup.run import FINE_TUNE, INTERPOLATED, STUDENT
from ctiqa.train.student import load_student, teach, train_student
from ctiqa.train.teacher import load_member, member_name, teacher_scores, train_member


@pytest.fixture(scope="module")
def train(examples: Examples) -> Examples:
    return examples.where(split="train")


@pytest.fixture(scope="module")
def validated(examples: Examples) -> Examples:
    return examples.where(split="validation", purpose="example")


@pytest.fixture(scope="module")
def run_folder(train: Examples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with both teacher members."""
    out = tmp_path_factory.mktemp("run")
    for member in range(RECIPE.members):
        train_member(run_of(RECIPE, train, out), member)
    return out


@pytest.fixture
def scratch(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may spoil."""
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


def test_members_have_one_output_and_differ(run_folder: Path, train: Examples) -> None:
    scores = [predict(load_member(RECIPE, run_folder, k), train) for k in range(2)]
    assert scores[0].shape == (len(train), 1)
    assert not np.allclose(scores[0], scores[1])


@pytest.mark.parametrize("member", [0, 1])
def test_a_member_neither_sees_nor_forgets_its_fold(
    train: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: int
) -> None:
    seen: dict[str, set[object]] = {}

    def spied(examples: Examples, recipe: TrainRecipe) -> Batches:
        seen["trained"] = set(examples.column("fold").tolist())
        return batches_of(examples, recipe)

    def watched(examples: Examples, recipe: TrainRecipe, device: Device) -> object:
        seen["chosen"] = set(examples.column("fold").tolist())
        return validation(examples, recipe, device)

    monkeypatch.setattr(teacher, "batches_of", spied)
    monkeypatch.setattr(teacher, "validation", watched)
    short = replace(RECIPE, teacher=replace(TRAIN, steps=1))
    train_member(run_of(short, train, tmp_path), member)
    assert seen == {"trained": {1 - member}, "chosen": {member}}


def test_checkpoints_say_what_made_them(run_folder: Path) -> None:
    _, facts = checkpoint.load_checkpoint((run_folder / member_name(1)) / BEST)
    assert facts["member"] == 1
    assert facts["recipe"]["name"] == "tiny"
    assert facts["data"] == "a hash"
    wanted = {"step", "epoch", "loss", "val_loss", "overall", "mae", "train_overall", "waiting"}
    assert wanted <= facts["history"][0].keys()


def test_the_average_is_what_is_loaded(run_folder: Path) -> None:
    tensors, _ = checkpoint.load_checkpoint((run_folder / member_name(0)) / LAST)
    best, facts = checkpoint.load_checkpoint((run_folder / member_name(0)) / BEST)
    loaded = load_member(RECIPE, run_folder, 0)
    assert not loaded.training
    weight = loaded.state_dict()["head.weight"]
    assert torch.equal(weight, best["average.module.head.weight"])
    assert not torch.equal(tensors["average.module.head.weight"], tensors["model.head.weight"])
    assert not any(name.startswith("model.") for name in best), facts


@pytest.mark.parametrize("member", [0, 1])
def test_a_missing_member_is_named_with_its_remedy(
    scratch: Path, train: Examples, member: int
) -> None:
    shutil.rmtree(scratch / member_name(member))
    with pytest.raises(
        DataError, match=rf"teacher member {member} is missing .*train-teacher … --member {member}"
    ):
        teacher_scores(run_of(RECIPE, train, scratch), train)


def test_teacher_scores_are_those_of_the_members(scratch: Path, train: Examples) -> None:
    lines: list[str] = []
    scores = teacher_scores(run_of(RECIPE, train, scratch, log=lines.append), train)
    assert scores.shape == (len(train), 2)
    np.testing.assert_array_equal(
        scores[:, 1], predict(load_member(RECIPE, scratch, 1), train)[:, 0]
    )
    assert len(lines) == 2
    made = run_of(RECIPE, train, scratch, log=lines.append)
    np.testing.assert_array_equal(teacher_scores(made, train), scores)
    assert len(lines) == 2


def test_scores_are_made_again_when_a_member_has_learnt_more(
    scratch: Path, train: Examples
) -> None:
    before = teacher_scores(run_of(RECIPE, train, scratch), train)
    best = (scratch / member_name(0)) / BEST
    shutil.copy((scratch / member_name(1)) / BEST, best)
    later = ((scratch / member_name(0)) / teacher.PREDICTIONS).stat().st_mtime + 5
    os.utime(best, (later, later))
    after = teacher_scores(run_of(RECIPE, train, scratch), train)
    assert not np.array_equal(after[:, 0], before[:, 0])
    np.testing.assert_array_equal(after[:, 1], before[:, 1])


def test_scores_of_other_data_are_refused(scratch: Path, train: Examples) -> None:
    teacher_scores(run_of(RECIPE, train, scratch), train)
    fewer = Examples(train.folder, train.table[:-1])
    with pytest.raises(DataError, match=f"holds {len(train)} scores for {len(train) - 1} examples"):
        teacher_scores(run_of(RECIPE, fewer, scratch), fewer)


@pytest.mark.parametrize("batch", [1, 4, 64])
def test_predictions_do_not_depend_on_the_batch(
    run_folder: Path, train: Examples, batch: int
) -> None:
    model = load_member(RECIPE, run_folder, 0)
    told: list[tuple[int, int]] = []
    scores = predict(model, train, batch=batch, progress=lambda a, b: told.append((a, b)))
    # bfloat16 holds three digits.
    np.testing.assert_allclose(scores, predict(model, train), atol=0.02)
    assert told[-1] == (len(train), len(train))


@pytest.mark.parametrize(("on", "score"), [("given", 9.0), ("clipped", 4.0)])
def test_validation_measures_scores_as_given_or_clipped(
    validated: Examples, on: Any, score: float
) -> None:
    class Far(torch.nn.Module):
        def forward(self, hu: torch.Tensor) -> Outputs:
            return Outputs(torch.full((len(hu), 2), 9.0))

    figures = validation(validated, replace(TRAIN, validate_on=on))(Far())
    label = validated.column("label").astype(float)
    assert figures["mae"] == pytest.approx(np.abs(score - label).mean())
    assert figures["overall"] == 0


def test_training_data_need_nothing_held_out_to_choose(train: Examples) -> None:
    nothing = Examples(train.folder, train.table[:0])
    chosen = replace(TRAIN, select="training")
    assert validation(nothing, chosen)(torch.nn.Identity()) == {}


def test_too_few_examples_to_validate_are_noticed_before_training(train: Examples) -> None:
    with pytest.raises(DataError, match="at least 3 examples, got 2; raise"):
        validation(Examples(train.folder, train.table[:2]), TRAIN)


def test_the_student_has_an_output_a_member(
    scratch: Path, examples: Examples, train: Examples
) -> None:
    best = train_student(run_of(RECIPE, examples, scratch))
    assert best == scratch / STUDENT / BEST
    scores = predict(load_student(RECIPE, scratch), train)
    assert scores.shape == (len(train), 2)
    assert np.isfinite(scores).all()
    assert checkpoint.load_checkpoint(scratch / STUDENT / LAST)[1]["step"] == 6


def test_logs_have_the_authors_names_and_columns(scratch: Path, examples: Examples) -> None:
    train_student(run_of(RECIPE, examples, scratch))
    wanted = {
        "train_info_fold_1.csv": ["Epoch", "overall_perf", "train_loss", "val_overall_perf"],
        "train_info_fold_2.csv": ["Epoch", "overall_perf", "train_loss", "val_overall_perf"],
        "train_info_student.csv": ["Epoch", "overall_perf", "loss", "teacher_overall_perf"],
    }
    for name, columns in wanted.items():
        with (scratch / name).open() as stream:
            rows = list(csv.reader(stream))
        assert rows[0][1:5] == columns
        assert [float(row[1]) for row in rows[1:]] == sorted(float(row[1]) for row in rows[1:])
        assert len(rows) == 3
        assert (scratch / name).with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("teachers", ["stored", "every-step"])
def test_the_teacher_sees_slices_as_they_are_or_as_they_are_trained_on(
    scratch: Path, train: Examples, teachers: Any
) -> None:
    plain = replace(TRAIN, teachers=teachers, epochs=1, crop=0, augment=())
    made = run_of(RECIPE, train, scratch)
    batch = batches_of(train, plain).batch(0).ready(torch.device("cpu"))
    said = teach(made, plain, train)(batch)
    assert said is not None
    stored = teacher_scores(made, train)[batch.number]
    np.testing.assert_allclose(said.numpy(), stored, atol=0.02)


def test_without_members_labels_alone_are_learnt(examples: Examples, tmp_path: Path) -> None:
    alone = replace(RECIPE, members=0)
    made = run_of(alone, examples, tmp_path)
    assert teach(made, TRAIN, made.train)(None) is None  # type: ignore[arg-type]
    train_student(run_of(alone, examples, tmp_path))
    assert not (tmp_path / member_name(0)).exists()


def head_of(network: nn.Module) -> Tensor:
    weight: Tensor = network.state_dict()["head.weight"]
    return weight


def fine_tuned(start: Path, **keys: Any) -> Recipe:
    """A recipe that fine-tunes the student of another run."""
    train = {**asdict(RECIPE.student), "from_run": start.name, **keys}
    return Recipe("further", network=NETWORK, members=0, fine_tune=FineTuneRecipe(**train))


def test_a_student_goes_on_from_another_run(
    scratch: Path, examples: Examples, train: Examples
) -> None:
    train_student(run_of(RECIPE, examples, scratch))
    begun = head_of(load_trained(scratch).network)
    still = {"learning_rate": 1e-9, "ema_decay": 0.0}
    plain = replace(NETWORK, normalised=False)
    further = replace(fine_tuned(scratch, **still), network=plain)
    train_student(run_of(further, examples, scratch.parent / "further"))
    ended = load_trained(scratch.parent / "further").network
    # Nothing was forgotten, and next to nothing learnt.
    assert torch.allclose(head_of(ended), begun, atol=1e-6)
    assert not torch.allclose(head_of(build(plain)), begun, atol=1e-3)
    before = predict(load_trained(scratch).network, train)
    np.testing.assert_allclose(predict(ended, train), before, atol=0.02)


def test_an_interpolation_lies_between_its_start_and_what_was_learnt(
    scratch: Path, examples: Examples
) -> None:
    train_student(run_of(RECIPE, examples, scratch))
    interpolated = fine_tuned(scratch, interpolation=0.25)
    made = run_of(interpolated, examples, scratch.parent / "further")
    best = train_student(made)
    assert best == made.out / INTERPOLATED / BEST
    begun = head_of(load_trained(scratch).network)
    learnt = head_of(load_trained(made.out / FINE_TUNE).network)
    assert not torch.allclose(begun, learnt, atol=1e-4)
    for network in (load_trained(made.out).network, load_student(interpolated, made.out)):
        assert torch.allclose(head_of(network), 0.25 * begun + 0.75 * learnt, atol=1e-6)
    # The share may be changed afterwards: nothing is trained anew.
    other = fine_tuned(scratch, interpolation=0.5)
    train_student(run_of(other, examples, made.out))
    assert torch.allclose(head_of(load_student(other, made.out)), (begun + learnt) / 2, atol=1e-6)


def test_another_start_of_the_same_name_is_noticed(scratch: Path, examples: Examples) -> None:
    train_student(run_of(RECIPE, examples, scratch))
    made = run_of(fine_tuned(scratch), examples, scratch.parent / "further")
    train_student(made)
    (scratch / STUDENT / BEST).write_bytes((made.out / FINE_TUNE / BEST).read_bytes())
    with pytest.raises(DataError, match="was made by another start"):
        train_student(made)


def test_a_start_that_is_not_there_is_named(examples: Examples, tmp_path: Path) -> None:
    further = fine_tuned(Path("nobody"))
    with pytest.raises(DataError, match="nobody' must be a run with a trained student"):
        train_student(run_of(further, examples, tmp_path / "further"))


def test_a_run_can_be_moved_and_loaded_by_its_path(
    scratch: Path, examples: Examples, train: Examples, tmp_path: Path
) -> None:
    train_student(run_of(RECIPE, examples, scratch))
    moved = scratch.rename(tmp_path / "elsewhere")
    trained = load_trained(moved)
    assert trained.recipe == RECIPE
    np.testing.assert_array_equal(
        predict(trained.network, train), predict(load_student(RECIPE, moved), train)
    )
    members = load_teacher(moved)
    np.testing.assert_array_equal(
        predict(members[1].network, train), predict(load_member(RECIPE, moved, 1), train)
    )
    text = b"".join(f.read_bytes() for f in moved.rglob("*") if f.is_file())
    assert str(tmp_path).encode() not in text


def test_no_student(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; train it first"):
        load_student(RECIPE, tmp_path)
