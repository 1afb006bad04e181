from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.tiny import RECIPE, TRAIN, plain_noise

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.recipe import TrainRecipe
from ctiqa.train import checkpoint, teacher
from ctiqa.train.batches import RAW_RANGE, Batches
from ctiqa.train.loop import BEST, LAST
from ctiqa.train.predict import predict, validation
from ctiqa.train.student import load_student, student_folder, train_student
from ctiqa.train.teacher import load_member, member_folder, teacher_scores, train_member


def silent(line: str) -> None:
    pass


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
        train_member(RECIPE, train, out, member, silent)
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
        return Batches(examples, recipe)

    def watched(examples: Examples) -> object:
        seen["chosen"] = set(examples.column("fold").tolist())
        return validation(examples)

    monkeypatch.setattr(teacher, "Batches", spied)
    monkeypatch.setattr(teacher, "validation", watched)
    short = replace(RECIPE, teacher=replace(TRAIN, steps=1))
    train_member(short, train, tmp_path, member, silent)
    assert seen == {"trained": {1 - member}, "chosen": {member}}


def test_checkpoints_say_what_made_them(run_folder: Path) -> None:
    _, facts = checkpoint.load(member_folder(run_folder, 1) / BEST)
    assert facts["member"] == 1
    assert facts["recipe"]["name"] == "tiny"
    assert facts["history"][0].keys() == {"step", "loss", "overall", "mae"}


def test_the_average_is_what_is_loaded(run_folder: Path) -> None:
    tensors, _ = checkpoint.load(member_folder(run_folder, 0) / BEST)
    loaded = load_member(RECIPE, run_folder, 0)
    assert not loaded.training
    weight = loaded.head.weight
    assert torch.equal(weight, tensors["average.module.head.weight"])
    assert not torch.equal(weight, tensors["model.head.weight"])


@pytest.mark.parametrize("member", [0, 1])
def test_a_missing_member_is_named_with_its_remedy(
    scratch: Path, train: Examples, member: int
) -> None:
    shutil.rmtree(member_folder(scratch, member))
    with pytest.raises(
        DataError, match=rf"teacher member {member} is missing .* with 'ctiqa train-teacher'"
    ):
        teacher_scores(RECIPE, train, scratch, silent)


def test_teacher_scores_are_those_of_the_members(scratch: Path, train: Examples) -> None:
    lines: list[str] = []
    scores = teacher_scores(RECIPE, train, scratch, lines.append)
    assert scores.shape == (len(train), 2)
    np.testing.assert_array_equal(
        scores[:, 1], predict(load_member(RECIPE, scratch, 1), train)[:, 0]
    )
    assert len(lines) == 2
    np.testing.assert_array_equal(teacher_scores(RECIPE, train, scratch, lines.append), scores)
    assert len(lines) == 2


def test_scores_are_made_again_when_a_member_has_learnt_more(
    scratch: Path, train: Examples
) -> None:
    before = teacher_scores(RECIPE, train, scratch, silent)
    best = member_folder(scratch, 0) / BEST
    shutil.copy(member_folder(scratch, 1) / BEST, best)
    later = (member_folder(scratch, 0) / teacher.PREDICTIONS).stat().st_mtime + 5
    os.utime(best, (later, later))
    after = teacher_scores(RECIPE, train, scratch, silent)
    assert not np.array_equal(after[:, 0], before[:, 0])
    np.testing.assert_array_equal(after[:, 1], before[:, 1])


def test_scores_of_other_data_are_refused(scratch: Path, train: Examples) -> None:
    teacher_scores(RECIPE, train, scratch, silent)
    fewer = Examples(train.folder, train.table[:-1])
    with pytest.raises(DataError, match=f"holds {len(train)} scores for {len(train) - 1} examples"):
        teacher_scores(RECIPE, fewer, scratch, silent)


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


def test_validation_measures_clipped_scores(validated: Examples) -> None:
    class Far(torch.nn.Module):
        def forward(self, hu: torch.Tensor) -> tuple[torch.Tensor, None]:
            return torch.full((len(hu), 2), 9.0), None

    figures = validation(validated)(Far())
    label = validated.column("label").astype(float)
    assert figures["mae"] == pytest.approx(np.abs(4 - label).mean())
    assert figures["overall"] == 0


def test_too_few_examples_to_validate_are_noticed_before_training(train: Examples) -> None:
    with pytest.raises(DataError, match="at least 3 examples, got 2; raise"):
        validation(Examples(train.folder, train.table[:2]))


def test_the_student_has_an_output_a_member(
    run_folder: Path, train: Examples, validated: Examples, tmp_path: Path
) -> None:
    teachers = teacher_scores(RECIPE, train, run_folder, silent)
    best = train_student(RECIPE, train, validated, teachers, tmp_path, silent)
    assert best == student_folder(tmp_path) / BEST
    scores = predict(load_student(RECIPE, tmp_path), train)
    assert scores.shape == (len(train), 2)
    assert np.isfinite(scores).all()
    assert checkpoint.load(student_folder(tmp_path) / LAST)[1]["step"] == 6


def test_no_student(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; train it first"):
        load_student(RECIPE, tmp_path)


LEARN = replace(
    TRAIN, steps=60, validate_every=60, average=0.9, learning_rate=1e-2, batch=8, distil_weight=1.0
)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return plain_noise(tmp_path_factory.mktemp("noisy"))


@pytest.mark.parametrize("believed", [True, False])
def test_the_student_learns_from_labels_and_from_teachers_it_believes(
    noisy: Examples, tmp_path: Path, believed: bool
) -> None:
    """Two teachers three grades apart pull the outputs apart, unless their mean is wrong."""
    label = noisy.column("label").astype(float)
    raw = np.clip(noisy.column("raw").astype(np.float32), *RAW_RANGE)
    teachers = np.stack([raw - 1.5, raw + 1.5], axis=1) + (0 if believed else 1)
    recipe = replace(RECIPE, student=LEARN)
    train_student(recipe, noisy, noisy, teachers.astype(np.float32), tmp_path, silent)
    scores = predict(load_student(recipe, tmp_path), noisy)
    error = np.abs(scores.mean(axis=1) - label).mean()
    assert error < 0.7 < np.abs(label - label.mean()).mean()
    gap = float((scores[:, 1] - scores[:, 0]).mean())
    assert (gap > 1.5) if believed else (abs(gap) < 0.5)
