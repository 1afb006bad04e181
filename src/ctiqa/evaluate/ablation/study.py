"""Ablations and comparisons: every variant is trained with several seeds and measured.

A result is stored as soon as it is known, so an interrupted study can be resumed. Teacher members
that variants share are trained once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctiqa.data.manifest import read_header
from ctiqa.errors import DataError, UsageError, bulleted
from ctiqa.evaluate.ablation.results import (
    RESULT,
    VariantResult,
    VariantSummary,
    read_result,
    result_of,
    summaries_of,
    write_result,
)
from ctiqa.evaluate.ablation.training import StudySetup, check_variant, train_variant
from ctiqa.evaluate.ablation.variants import Variant, on_given_data
from ctiqa.evaluate.dataset import Labelled, content_of, open_labelled
from ctiqa.evaluate.predictors.baselines import (
    BASELINES,
    FULL_REFERENCE,
    NO_REFERENCE,
    has_originals,
    open_baseline,
)
from ctiqa.evaluate.predictors.predictor import Predictor, score_examples
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.recipe import Recipe, recipe_from

if TYPE_CHECKING:
    from ctiqa.train.setup.devices import Device


def run_variants(
    variants: Sequence[Variant],
    data: Path,
    out: Path,
    *,
    seeds: int = 1,
    split: str = "test",
    natural: Path | None = None,
    published_data: Path | None = None,
    device: Device | None = None,
    log: Callable[[str], None] = lambda _: None,
) -> list[VariantSummary]:
    """Train and measure every variant with every seed.

    Every variant is checked against its data before the first is trained. All are measured on the
    same examples of ``data``; patients that ``published_data`` trains on are left out.

    Args:
        variants: What is varied.
        data: Data set to train and measure on.
        out: Folder of the study.
        seeds: Trainings per variant.
        split: Split to measure on.
        natural: Natural images with scores, needed if a recipe has a first phase.
        published_data: Data set prepared as published, for the variants that ask for it. Without
            it these run as :func:`ctiqa.evaluate.ablation.variants.on_given_data` says.
        device: Where trainings run; the CPU if not given.
        log: Called with lines of progress.

    Returns:
        One summary per variant.

    Raises:
        UsageError: If a recipe breaks a rule, or its first phase has no images.
        DataError: If the data set does not fit some recipes, which are listed, or a stored result
            is of other data.
    """
    source = read_header(data)["recipe"].get("source", "simulate")
    variants, notes = on_given_data(variants, source, published_data=published_data is not None)
    recipes = [recipe_from(variant.values, variant.name) for variant in variants]
    if natural is None and any(recipe.pretrain for recipe in recipes):
        raise UsageError(
            "a recipe with a [pretrain] table needs natural images with scores; name their data "
            "set with --natural"
        )
    labelled = open_labelled(data, split, trained_on=published_data)
    if labelled.left_out:
        listed = ", ".join(labelled.left_out)
        notes.append(f"measured without patients that the data as published train on: {listed}")
    for note in notes:
        log(note)
    setup = StudySetup(data, out, natural, published_data, device, log)
    _check(setup, variants, recipes)
    results: list[VariantResult] = []
    for seed in range(seeds):
        for variant, recipe in zip(variants, recipes, strict=True):
            log(f"{variant.name}, seed {seed}")
            results.append(_result(setup, labelled, variant, seed, with_seed(recipe, seed)))
    return summaries_of(results)


def _check(setup: StudySetup, variants: Sequence[Variant], recipes: Sequence[Recipe]) -> None:
    """Refuse variants that cannot be trained, all at once, before hours go into the first.

    Raises:
        DataError: Listing them.
    """
    problems: list[str] = []
    for variant, recipe in zip(variants, recipes, strict=True):
        try:
            check_variant(setup, variant, recipe)
        except DataError as error:
            problems.append(f"{variant.name}: {error}")
    if problems:
        head = "some variants cannot be trained; choose the others with --only NAME, or fix the "
        raise DataError(bulleted(head + "data:", problems))


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The recipe with other seeds of all its trainings; number 0 keeps its own."""
    shift = 1000 * seed
    trainings = {
        name: training
        for name in ("pretrain", "teacher", "student", "fine_tune")
        if (training := getattr(recipe, name)) is not None
    }
    if recipe.start:
        # Another student is trained further; this one has none of its own.
        del trainings["student"]
    return replace(
        recipe, **{name: replace(each, seed=each.seed + shift) for name, each in trainings.items()}
    )


def _result(
    setup: StudySetup, labelled: Labelled, variant: Variant, seed: int, recipe: Recipe
) -> VariantResult:
    """The stored result of one training, or else a new one."""
    folder = setup.out / variant.folder / f"seed-{seed}"
    mark = _mark(setup, labelled, variant, recipe)
    stored = read_result(folder / RESULT, mark, variant.name, seed)
    if stored is not None:
        return stored
    started = time.monotonic()
    student, teacher = train_variant(setup, variant, recipe, folder)
    result = result_of(
        variant.name,
        seed,
        _score(student, labelled),
        None if teacher is None else _score(teacher, labelled),
        minutes=(time.monotonic() - started) / 60,
    )
    write_result(folder / RESULT, mark, result)
    return result


def _mark(
    setup: StudySetup, labelled: Labelled, variant: Variant, recipe: Recipe
) -> dict[str, Any]:
    """What a stored result must agree with."""
    mark = {"recipe": recipe.as_dict(), "data": labelled.content, "split": labelled.split}
    if setup.published_data:
        mark |= {"without": labelled.left_out}
    if (trained_on := setup.data_of(variant)) != setup.data:
        mark |= {"trained_on": content_of(trained_on)}
    return mark


def _score(predictor: Predictor, labelled: Labelled) -> ScoredExamples:
    return score_examples(predictor, labelled.examples, labelled.scale)


def baseline_summaries(data: Path, split: str = "test") -> list[VariantSummary]:
    """One summary per baseline that needs no training (see ``predictors/baselines.py``).

    Baselines that need originals are left out if the data set has none.

    Args:
        data: Data set; its validation split fits the baselines to the scale of the labels.
        split: Split to measure on.
    """
    labelled = open_labelled(data, split)
    names = BASELINES if has_originals(labelled) else NO_REFERENCE
    return summaries_of([_reference_result(name, labelled) for name in names])


def _reference_result(name: str, labelled: Labelled) -> VariantResult:
    started = time.monotonic()
    scored = _score(open_baseline(name, labelled), labelled)
    title = f"{name} ({'sees the original' if name in FULL_REFERENCE else 'no training'})"
    return result_of(title, 0, scored, minutes=(time.monotonic() - started) / 60)
