"""TFKT in its settings A and B: who is learnt from, who chooses the checkpoint, who is the test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.data import scored_sets

from ctiqa.data.manifest import Examples
from ctiqa.data.prepare import prepare
from ctiqa.errors import DataError
from ctiqa.evaluate.dataset import open_labelled
from ctiqa.evaluate.evaluation import Options, evaluate
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.recipe import overlaid, read_values, recipe_from
from ctiqa.recipe.data import Mode
from ctiqa.train.setup.open_run import open_run
from ctiqa.train.setup.run import Run
from ctiqa.train.student import train_student
from ctiqa.types import HuImage

RECIPES = Path(__file__).parents[2] / "recipes"

SMALL = {
    "network.pretrained": "none",
    "network.features": "test_efficientnet",
    "network.transformer": "swin_v2_t",
    "student.epochs": 1,
}

SLICES, OFFICIAL = 20, 3
"""Slices of the training part, two a body, and of the official test."""


def anatomy(number: int) -> HuImage:
    """A slice with organs that differ for every number."""
    organs = np.random.default_rng(number).normal(-300, 400, (6, 6))
    return np.asarray(np.kron(organs, np.ones((43, 43)))[:256, :256], dtype=np.float32)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("challenge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scored_sets, "anatomy", anatomy)
        scored_sets.write_challenge(folder, train=SLICES, test=OFFICIAL)
    return folder


def opened(root: Path, folder: Path, source: str, mode: Mode) -> Run:
    """A run of tfkt.toml on what another recipe has prepared."""
    data = recipe_from(overlaid(read_values(RECIPES / source), {"data.mode": mode})).data
    prepare(root, folder / "data", data)
    tfkt = dict(overlaid(read_values(RECIPES / "tfkt.toml"), SMALL))
    # Phase 1 learns of no slice.
    del tfkt["pretrain"]
    return open_run(recipe_from({**tfkt, "mode": mode}), folder / "data", folder / "run")


def files(examples: Examples) -> set[str]:
    return set(examples.column("file").tolist())


@pytest.mark.parametrize("mode", ["corrected", "as-published"])
@pytest.mark.parametrize("setting", ["A", "B"])
def test_what_is_tested_is_not_learnt_from(
    root: Path, tmp_path: Path, setting: str, mode: Mode
) -> None:
    source = "ldctiqac2023-official.toml" if setting == "B" else "tfkt.toml"
    run = opened(root, tmp_path, source, mode)
    learnt, held_out = run.divided(run.recipe.student)
    tested = open_labelled(tmp_path / "data").examples
    assert not files(learnt) & (files(held_out) | files(tested))
    counts = {
        # Of ten bodies, two slices each, two are the test and two validate.
        ("A", "corrected"): (12, 4, 4),
        ("B", "corrected"): (16, 4, OFFICIAL),
        ("A", "as-published"): (16, 4, 4),
        ("B", "as-published"): (16, 4, OFFICIAL),
    }
    assert (len(learnt), len(held_out), len(tested)) == counts[setting, mode]
    the_same = (setting, mode) == ("A", "as-published")
    assert (files(held_out) == files(tested)) is the_same
    assert bool(files(held_out) & files(tested)) is the_same


def test_as_published_a_run_is_measured_on_what_chose_its_checkpoint(
    root: Path, tmp_path: Path
) -> None:
    run = opened(root, tmp_path, "tfkt.toml", "as-published")
    train_student(run)
    labelled = open_labelled(run.examples.folder)
    assert files(labelled.examples) == files(run.divided(run.recipe.student)[1])
    found = evaluate(open_predictors([str(run.out)], [], labelled, threads=1), labelled, Options())
    assert len(found.models[0].scored.score) == SLICES // 5
    assert any("are in another split as well" in note for note in found.notes)


def test_as_published_nothing_may_learn_from_the_test(root: Path, tmp_path: Path) -> None:
    """A student that learns from all of the training part would be tested on what it has seen."""
    run = opened(root, tmp_path, "tfkt.toml", "as-published")
    other = overlaid(
        run.recipe.as_dict(), {"student.hold_out": "usual", "system": "ctiqa", "mode": "corrected"}
    )
    with pytest.raises(DataError, match=r"student: learns from 4 of the 4 images that are the te"):
        open_run(recipe_from(other), tmp_path / "data", tmp_path / "other")
