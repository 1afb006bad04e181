"""Checks before training: everything that would stop a run is listed at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ctiqa.data.label_scale import parse_label_scale
from ctiqa.data.manifest import SHARDS, Examples
from ctiqa.errors import DataError, bulleted, some
from ctiqa.recipe import AnswersNetwork, TrainRecipe
from ctiqa.train.batches import too_few
from ctiqa.train.predict import too_few_to_choose
from ctiqa.train.scored.scores import about_scores
from ctiqa.train.setup.fit import label_scale_of
from ctiqa.train.setup.run import Run

_SHOWN = 5
"""Number of examples that a message names."""


def check_run(run: Run) -> None:
    """Refuse a run that cannot be completed: no teacher is trained for a student that cannot be.

    Raises:
        DataError: Listing labels that are not finite or are outside their scale (with the names
            of the examples), folds without examples, too few examples to train on or to select a
            checkpoint by, answers that the data set cannot teach, and slices of different sizes.
    """
    sets = [each for each in (run.train, run.validation) if len(each)]
    natural = run.examples.natural
    problems = [
        *(line for each in sets for line in _about_labels(each)),
        *(_about_pretraining(run) if natural else _about_trainings(run)),
        *(line for each in sets for line in _about_sizes(each)),
    ]
    if problems:
        folder = run.examples.folder
        raise DataError(bulleted(f"'{folder}' cannot be trained on:", problems))


def _about_labels(examples: Examples) -> Iterator[str]:
    """Labels that cannot be trained on."""
    label = examples.column("label").astype(np.float64)
    raw = examples.column("raw").astype(np.float64)
    finite = np.isfinite(label) & np.isfinite(raw)
    if not finite.all():
        yield f"labels must be numbers, which those of {_named(examples, ~finite)} are not"
    low, high = parse_label_scale(label_scale_of(examples))
    outside = finite & ((label < low) | (label > high))
    if outside.any():
        named = _named(examples, outside)
        yield (
            f"labels must be in {low:g}…{high:g}, which those of {named} are not; correct them, or "
            "state their scale ('data.score_range') and prepare again"
        )


def _named(examples: Examples, which: npt.NDArray[np.bool_]) -> str:
    """Names of the first of these examples."""
    column = "id" if "id" in examples.table.columns else "shard"
    return some(examples.column(column)[which], _SHOWN)


def _about_pretraining(run: Run) -> Iterator[str]:
    if run.recipe.pretrain is not None:
        divided = run.train, run.validation
        yield from _about_parts("phase 1", divided, run.recipe.pretrain, run.device.world)


def _about_trainings(run: Run) -> Iterator[str]:
    recipe = run.recipe
    missing = _missing_folds(run)
    if missing:
        yield _about_folds(run, missing)
    members = [k for k in range(recipe.members) if k not in missing]
    trainings = [
        *((f"teacher member {k}", recipe.teacher, k) for k in members),
        *((name, train, None) for name, train in recipe.student_trainings.items()),
    ]
    for name, train, member in trainings:
        divided = run.divided(train, member)
        yield from _about_parts(name, divided, train, run.device.world)
        yield from _about_tested(name, divided[0], run)
        yield from _about_maps(name, divided[0], train)
    if recipe.start_model:
        yield from (f"fine_tune: {problem}" for problem in about_scores(run.examples))
    elif isinstance(recipe.network, AnswersNetwork):
        yield from _about_answers(run)


def _about_answers(run: Run) -> Iterator[str]:
    """Answers that a network is to learn, but that the data set does not know."""
    known = {
        "findings": run.train.findings() is not None,
        "regions": run.train.regions() is not None,
    }
    for name, train in run.recipe.student_trainings.items():
        if train.epochs:
            yield f"{name}: 'epochs' must be 0: a network with answers learns them in steps"
        for answer, there in known.items():
            key = f"{answer}_weight"
            if getattr(train, key) and not there:
                yield (
                    f"{name}: '{key}' must be 0, got {getattr(train, key)}: the data set has no "
                    f"{answer} to learn from; data of source 'simulate-clinical' has"
                )


def _about_maps(name: str, learnt: Examples, train: TrainRecipe) -> Iterator[str]:
    """Training in steps on examples without maps of noise, by which crops are drawn."""
    if not train.epochs and not _has_maps(learnt):
        yield (
            f"{name}: 'steps' needs maps of noise, which the data set lacks; prepare simulated "
            "data, or count 'epochs'"
        )


def _has_maps(examples: Examples) -> bool:
    shards = examples.column("shard").tolist()[:1]
    return all((examples.folder / SHARDS / f"{shard}.map.npy").exists() for shard in shards)


def _missing_folds(run: Run) -> list[int]:
    """Folds that a member needs but that have no patients."""
    needed = [0] if run.recipe.teacher.hold_out == "first-fold" else range(run.recipe.members)
    there = set(run.train.column("fold").tolist())
    return sorted(set(needed if run.recipe.members else ()) - there)


def _about_folds(run: Run, missing: Sequence[int]) -> str:
    train, members = run.train, run.recipe.members
    images = run.recipe.data.mode == "as-published"
    count = len(train) if images else len(set(train.column("patient").tolist()))
    what = "images" if images else "patients"
    return (
        f"every one of the {members} teacher members needs a fold with {what}; {count} training "
        f"{what} leave fold {', '.join(map(str, missing))} empty: lower 'members' and "
        f"'network.outputs' to {min(missing)}, or add {what}"
    )


def _about_parts(
    name: str, divided: tuple[Examples, Examples], train: TrainRecipe, processes: int
) -> Iterator[str]:
    """Problems with the training and held-out examples of one training."""
    learnt, held_out = (len(each) for each in divided)
    found = (
        too_few(learnt, train),
        too_few_to_choose(held_out, train),
        _unshared(learnt % train.batch, train, processes),
    )
    yield from (f"{name}: {problem}" for problem in found if problem)


def _about_tested(name: str, learnt: Examples, run: Run) -> Iterator[str]:
    """Training images that are test images too, if the test is a training fold."""
    if not run.recipe.data.test_validates:
        return
    tested = set(run.examples.where(split="test").column("file").tolist())
    count = len(tested.intersection(learnt.column("file").tolist()))
    if count:
        yield (
            f"{name}: learns from {count} of the {len(tested)} images that are the test, which is "
            "the first published fold; set 'hold_out' to 'first-fold', or take data prepared with "
            "'data.setting' = 'B', whose test is the official one"
        )


def _unshared(rest: int, train: TrainRecipe, processes: int) -> str | None:
    """Why several processes cannot share the last batch of an epoch."""
    kept = train.epochs and train.last_batch == "kept"
    if not kept or rest % processes == 0:
        return None
    return (
        f"its last batch has {rest} images, which {processes} processes cannot share evenly; set "
        "'last_batch' to 'dropped', or start a different number of processes"
    )


def _about_sizes(examples: Examples) -> Iterator[str]:
    """Images of different sizes, which do not fit into one batch."""
    images, shards = examples.images(), examples.column("shard")
    _, first = np.unique(shards, return_index=True)
    sizes = {images[int(k)].shape[:2] for k in first}
    if len(sizes) > 1:
        shown = ", ".join(f"{rows}×{cols}" for rows, cols in sorted(sizes))
        yield f"images of one batch must have one size, got {shown}; prepare them at one"
