"""As published, every system trains to its end, on the authors' own folds and in float32."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tests.data import scored_sets
from tests.data.collection import patient_slice
from tests.io.make import uid, write_ct
from tests.train.tiny import TRAIN, loss, made_up, training
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from ctiqa.data.manifest import Examples
from ctiqa.data.prepare import prepare
from ctiqa.errors import DataError
from ctiqa.evaluate.dataset import open_labelled
from ctiqa.evaluate.evaluation import Options, evaluate
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.models.contract import Outputs
from ctiqa.recipe import CHOICES, Kadid10kData, Recipe, overlaid, read_values, recipe_from
from ctiqa.train import checkpoint
from ctiqa.train.batches import BalancedBatches, EpochBatches
from ctiqa.train.loop import BEST, LAST
from ctiqa.train.optimizers import learning_rate
from ctiqa.train.predict import predict
from ctiqa.train.pretrain import train_features
from ctiqa.train.setup.checks import check_run
from ctiqa.train.setup.devices import Device
from ctiqa.train.setup.open_run import open_run
from ctiqa.train.setup.run import Run
from ctiqa.train.student import train_student
from ctiqa.train.teacher import member_name, train_member

RECIPES = Path(__file__).parents[2] / "recipes"

SIDE = 480
"""Least side that the published crop can be cut from, without a block before it."""

TINY = {
    "network.blocks": 0,
    "network.backbone": "vit_tiny_patch16_224",
    "network.depth": 1,
    "network.pretrained": "none",
    "network.outputs": 2,
    "members": 2,
    "data.folds": 2,
    "teacher.epochs": 1,
    "student.epochs": 2,
    "data.write_dicom": False,
}

CASES = ("C002", "C004", "C012")


def system(name: str, changes: dict[str, Any]) -> Recipe:
    """The recipe of a system as published, at the size of seconds."""
    values = overlaid(read_values(RECIPES / f"{name}.toml"), {**TINY, **changes})
    return recipe_from({**values, "mode": "as-published"})


@pytest.fixture(scope="module")
def distiliqa(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """DistilIQA's cases: pairs of full and low dose of three patients."""
    root = tmp_path_factory.mktemp("ldct")
    for number, case in enumerate(CASES):
        for k in range(2):
            full = np.rint(patient_slice(10 * number + k, SIDE, noise_hu=8))
            noise = np.random.default_rng(10 * number + k).normal(0, 40, full.shape)
            low = np.maximum(full + np.rint(noise), -1024)
            for series, hu in (("Full", full), ("Low", low)):
                write_ct(
                    root / case / "study" / f"1-{series} Dose Images-1" / f"1-{k + 1:03d}.dcm",
                    hu.astype(np.int16),
                    z_mm=3.0 * k,
                    series=f"{case}/{series}",
                    FrameOfReferenceUID=uid(case),
                )
    recipe = system(
        "distiliqa", {"data.train_patients": list(CASES[:2]), "data.test_patients": ["C012"]}
    )
    return prepared(recipe, root, tmp_path_factory.mktemp("distiliqa"))


@pytest.fixture(scope="module")
def shen(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Shen's volunteers at normal dose."""
    root = tmp_path_factory.mktemp("cccid")
    for number, (name, k) in enumerate((("a", 0), ("a", 1), ("b", 0), ("b", 1), ("c", 0))):
        hu = np.rint(patient_slice(number, SIDE)).astype(np.int16)
        where = root / name / f"IM{k}"
        write_ct(where, hu, z_mm=3.0 * k, series=name, FrameOfReferenceUID=uid(name))
    recipe = system("shen2025", {"data.test_patients": ["c"]})
    return prepared(recipe, root, tmp_path_factory.mktemp("shen"))


def prepared(recipe: Recipe, root: Path, folder: Path) -> Run:
    prepare(root, folder / "data", recipe.data)
    return open_run(recipe, folder / "data", folder / "run")


@pytest.fixture(params=["distiliqa", "shen"])
def run(request: pytest.FixtureRequest) -> Run:
    made: Run = request.getfixturevalue(request.param)
    return made


def trained(run: Run) -> list[dict[str, float]]:
    """The history of the student, trained after its teacher unless it is there already."""
    for member in range(run.recipe.members):
        train_member(run, member)
    train_student(run)
    history: list[dict[str, float]] = checkpoint.load_checkpoint(run.out / "student" / LAST)[1][
        "history"
    ]
    return history


def test_teacher_and_student_train_to_their_end(run: Run) -> None:
    assert set(run.examples.column("split").tolist()) == {"train", "test"}
    history = trained(run)
    assert [h["epoch"] for h in history] == [1, 2]
    assert all(math.isfinite(h["loss"]) for h in history)
    # Nothing is held out, so nothing but the training set can have chosen.
    assert not any("overall" in h for h in history)
    best = max(history, key=lambda h: h["train_overall"])
    assert checkpoint.load_checkpoint(run.out / "student" / BEST)[1]["step"] == best["step"]
    labelled = open_labelled(run.examples.folder)
    models = [str(run.out), f"{run.out}:teacher"]
    found = evaluate(open_predictors(models, [], labelled, threads=1), labelled, Options())
    for model in found.models:
        assert model.predictor.facts["precision"] == "float32"
        assert 0 <= model.given["overall"].value <= 3


def test_tfkt_trains_to_its_end_in_both_phases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Photographs, then slices, one at a time; the lowest loss on a draw of slices chooses."""
    monkeypatch.setattr(scored_sets, "anatomy", lambda number: patient_slice(number, 256))
    scored_sets.write_kadid(tmp_path / "kadid", references=10)
    prepare(tmp_path / "kadid", tmp_path / "natural", Kadid10kData(folds=2))
    scored_sets.write_challenge(tmp_path / "challenge", train=20, test=3)
    small = {
        "network.pretrained": "none",
        "network.features": "test_efficientnet",
        "network.transformer": "swin_v2_t",
        "pretrain.epochs": 1,
        "student.epochs": 2,
    }
    values = overlaid(read_values(RECIPES / "tfkt.toml"), small)
    recipe = recipe_from({**values, "mode": "as-published"})
    out = tmp_path / "run"
    train_features(open_run(recipe, tmp_path / "natural", out, natural=True))
    made = prepared(recipe, tmp_path / "challenge", tmp_path)
    learnt, held_out = made.divided(recipe.student)
    assert (len(learnt), len(held_out)) == (16, 4)
    assert set(learnt.column("patient")) & set(held_out.column("patient"))
    train_student(made)
    history = checkpoint.load_checkpoint(out / "student" / LAST)[1]["history"]
    assert [h["step"] for h in history] == [16, 32]
    best = min(history, key=lambda h: float(h["val_loss"]))
    assert checkpoint.load_checkpoint(out / "student" / BEST)[1]["step"] == best["step"]


def test_every_image_is_learnt_from_once_an_epoch(run: Run) -> None:
    """The last, smaller batch too, as torch's DataLoader gives it."""
    learnt, _ = run.divided(run.recipe.student)
    train = replace(run.recipe.student, batch=5)
    batches = EpochBatches(learnt, train)
    sizes = [len(batches.batch(step).number) for step in range(batches.per_epoch)]
    loader: Any = torch.utils.data.DataLoader(list(range(len(learnt))), batch_size=5)  # type: ignore[arg-type]
    assert sizes == [len(batch) for batch in loader]
    seen = [batches.batch(step).number for step in range(batches.per_epoch)]
    assert sorted(np.concatenate(seen).tolist()) == list(range(len(learnt)))


def test_members_hold_out_the_authors_slices_of_the_file_list(distiliqa: Run) -> None:
    """``data[(fold − 1)·v : fold·v]`` of the training list, patients torn apart."""
    listed = distiliqa.train.table["published_path"].to_list()
    validated = len(listed) - int(len(listed) * 0.80)
    for member in range(2):
        learnt, held_out = distiliqa.divided(distiliqa.recipe.teacher, member)
        theirs = listed[member * validated : (member + 1) * validated]
        assert held_out.table["published_path"].to_list() == theirs
        assert sorted(learnt.table["published_path"]) == sorted(set(listed) - set(theirs))
        assert set(held_out.column("patient")) & set(learnt.column("patient"))


def test_all_of_shens_members_hold_out_one_draw_of_a_fifth(shen: Run) -> None:
    divided = [shen.divided(shen.recipe.teacher, member) for member in range(2)]
    held_out = [set(part.table["id"]) for _, part in divided]
    count = len(shen.train)
    assert held_out[0] == held_out[1]
    assert len(held_out[0]) == math.ceil(count / 5)
    assert len(divided[0][0]) == count - len(held_out[0])
    learnt, _ = shen.divided(shen.recipe.student)
    assert len(learnt) == count, "the student learns from the whole training set"


def test_labels_of_shen_are_numbers_in_the_scale(shen: Run) -> None:
    label = shen.examples.column("label").astype(float)
    assert np.isfinite(label).all()
    assert label.min() >= 0
    assert label.max() == 1


@pytest.mark.parametrize("epochs", [1, 3, 7])
@pytest.mark.parametrize("per_epoch", [1, 4])
def test_the_rate_falls_as_that_of_the_authors_scheduler(epochs: int, per_epoch: int) -> None:
    """SGD at 1e-3 down to 1e-6, torch's own schedule stepped after every epoch."""
    train = system("distiliqa", {"teacher.epochs": epochs}).teacher
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1e-3, momentum=0.9)
    schedule = CosineAnnealingLR(optimizer, T_max=epochs, eta_min=1e-6)
    for epoch in range(epochs):
        for k in range(per_epoch):
            ours = learning_rate(train, epoch * per_epoch + k, epochs * per_epoch)
            assert ours == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        schedule.step()


def test_shens_rate_stays() -> None:
    train = system("shen2025", {}).teacher
    assert {learning_rate(train, step, 30) for step in range(30)} == {2e-4}


@pytest.mark.parametrize("name", ["distiliqa", "shen2025", "tfkt"])
@pytest.mark.parametrize("small", ["", "-small"])
def test_choices_hold_whatever_the_recipe_says(name: str, small: str) -> None:
    values = read_values(RECIPES / f"{name}{small}.toml")
    made = recipe_from({**values, "mode": "as-published"}).as_dict()
    for choice in CHOICES:
        for key, value in choice.keys.items():
            table, field = key.split(".")
            if choice.system == name and table in values:
                found = made[table][field]
                assert (list(found) if isinstance(found, tuple) else found) == value, key


def test_teachers_score_the_augmented_batch_at_every_step() -> None:
    assert system("distiliqa", {}).student.teachers == "every-step"


class Precise(nn.Module):
    """Says in which arithmetic it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, hu: torch.Tensor) -> Outputs:
        return Outputs(self.layer(hu.mean(dim=(1, 2, 3))[:, None] / 3))


@pytest.mark.parametrize(
    ("precision", "native", "coarse"),
    [
        ("float32", True, False),
        ("float32", False, False),
        ("auto", True, True),
        ("auto", False, False),
        ("bf16", False, True),
    ],
)
def test_precision_governs_scores(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    precision: Any,
    native: bool,
    coarse: bool,
) -> None:
    monkeypatch.setattr(Device, "has_bfloat16", native)
    examples = made_up(tmp_path / "set", {"a": 2})
    torch.manual_seed(0)
    scores = torch.from_numpy(predict(Precise(), examples, precision=precision))
    assert torch.equal(scores, scores.bfloat16().float()) is coarse


def spoilt(run: Run, tmp_path: Path, **columns: pl.Expr) -> Run:
    table = run.examples.table.with_columns(**columns)
    return replace(run, examples=Examples(run.examples.folder, table), out=tmp_path)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1.5, -0.1])
def test_labels_that_nothing_can_be_learnt_from_are_named(
    distiliqa: Run, tmp_path: Path, value: float
) -> None:
    name = str(distiliqa.train.table["id"][3])
    bad = pl.when(pl.col("id") == name).then(value).otherwise(pl.col("label"))
    with pytest.raises(DataError, match=f"labels must be .*{name} are not"):
        check_run(spoilt(distiliqa, tmp_path, label=bad))


def test_what_stops_a_student_stops_its_teacher_before_the_first_epoch(distiliqa: Run) -> None:
    student = replace(distiliqa.recipe.student, select="validation")
    with pytest.raises(DataError, match="student: validation needs at least 3 examples, got 0"):
        check_run(replace(distiliqa, recipe=replace(distiliqa.recipe, student=student)))


def test_too_few_images_for_the_folds_are_noticed(distiliqa: Run, tmp_path: Path) -> None:
    torn = spoilt(distiliqa, tmp_path, published_fold=pl.lit(0))
    with pytest.raises(DataError, match="a fold with images; 16 training images leave fold 1"):
        check_run(torn)


def test_a_batch_larger_than_the_set_is_noticed(distiliqa: Run) -> None:
    teacher = replace(distiliqa.recipe.teacher, last_batch="dropped", batch=50)
    with pytest.raises(DataError, match=r"teacher member 1: 'batch' must be .* 12, got 50"):
        check_run(replace(distiliqa, recipe=replace(distiliqa.recipe, teacher=teacher)))


def test_a_last_batch_that_processes_cannot_share_is_noticed(distiliqa: Run) -> None:
    """Sixteen images in batches of five leave one."""
    student = replace(distiliqa.recipe.student, batch=5)
    two = replace(distiliqa, device=Device(world=2))
    with pytest.raises(DataError, match="student: its last batch has 1 images, which 2 processes"):
        check_run(replace(two, recipe=replace(distiliqa.recipe, student=student)))


def test_member_folders_are_where_they_were(distiliqa: Run) -> None:
    trained(distiliqa)
    assert all((distiliqa.out / member_name(k) / BEST).exists() for k in range(2))


@pytest.mark.parametrize("parts", [2, 4, 5])
def test_parts_of_a_smaller_last_batch_weigh_as_their_images(
    examples: Examples, tmp_path: Path, parts: int
) -> None:
    """Of five images in four parts one part has two; of three there are but three parts."""
    for count in (5, 3):
        batch = BalancedBatches(examples, replace(TRAIN, batch=5)).batch(0).part(slice(count))
        whole, cut = (
            training(tmp_path / f"{n}", replace(TRAIN, batch=20, accumulate=n, precision="float32"))
            for n in (1, parts)
        )
        for made in (whole, cut):
            made.model.eval()
            made._backward(batch, loss)
        for ours, theirs in zip(whole.model.parameters(), cut.model.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)
