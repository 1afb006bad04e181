from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from tests.train.tiny import RECIPE, run_of

from ctiqa.data.manifest import Examples
from ctiqa.errors import UsageError
from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.predictors.predictor import Predictor, score_examples
from ctiqa.evaluate.scale import Scale
from ctiqa.train.load import load_teacher
from ctiqa.train.predict import predict
from ctiqa.train.student import train_student
from ctiqa.train.teacher import train_teacher


@pytest.fixture(scope="module")
def run(examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with teacher and student."""
    made = run_of(RECIPE, examples, tmp_path_factory.mktemp("runs") / "one")
    train_teacher(made)
    train_student(made)
    return made.out


@pytest.fixture(scope="module")
def prepared_set(examples: Examples) -> Labelled:
    return open_labelled(examples.folder)


def one(model: str | Path, labelled: Labelled) -> Predictor:
    (found,) = open_predictors([str(model)], [], labelled, threads=1, device="cpu")
    return found


def test_a_run_and_its_teacher(run: Path, prepared_set: Labelled) -> None:
    words = [str(run), f"{run}:teacher", str(run / "student" / "best.safetensors")]
    student, ensemble, again = open_predictors(words, [], prepared_set, threads=1, device="cpu")
    assert [each.name for each in (student, ensemble)] == ["one", "one:teacher"]
    assert (student.kind, ensemble.kind) == ("run", "teacher")
    assert student.trained_on == "a hash"
    assert ensemble.facts["members"] == RECIPE.members
    given = [
        score_examples(each, prepared_set.examples, Scale()) for each in (student, again, ensemble)
    ]
    assert (given[0].score == given[1].score).all()
    members = [predict(m.network, prepared_set.examples)[:, 0] for m in load_teacher(run)]
    expected = np.clip(np.mean(members, axis=0, dtype=np.float64), 0, 4)
    assert np.allclose(given[2].score, expected, atol=1e-6)
    assert np.allclose(given[2].spread, np.std(members, axis=0), atol=1e-6)


def test_a_missing_member_of_the_teacher_is_named(
    run: Path, prepared_set: Labelled, tmp_path: Path
) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "teacher-0").symlink_to(run / "teacher-0")
    with pytest.raises(UsageError, match=r"teacher member 1 is missing.*train-teacher"):
        one(f"{tmp_path / 'part'}:teacher", prepared_set)


def test_without_torch_a_run_says_what_to_install(
    run: Path, prepared_set: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match=r"needs torch, .*; install it with: pip install"):
        one(run, prepared_set)
