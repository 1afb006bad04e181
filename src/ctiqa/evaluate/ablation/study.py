"""Ablations and comparisons really run: every variant trained with several seeds and measured.

A result is kept as soon as it is there, so a stopped ablation goes on; members of a teacher that
variants share are trained once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from ctiqa.data.manifest import read_header
from ctiqa.errors import DataError, UsageError, bulleted
from ctiqa.evaluate.ablation.variants import Variant, on_given_data
from ctiqa.evaluate.dataset import Labelled, content_of, open_labelled
from ctiqa.evaluate.predictors.baselines import (
    ALONE,
    BESIDE,
    REFERENCES,
    has_originals,
    open_reference,
)
from ctiqa.evaluate.predictors.predictor import score_examples
from ctiqa.evaluate.statistics import figures_of, pairs_on, unit_of
from ctiqa.io.atomic import write_bytes
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.recipe import Recipe, recipe_from
from ctiqa.types import Floats

if TYPE_CHECKING:
    from ctiqa.train.setup.devices import Device
    from ctiqa.train.setup.run import Run

RESULT = "result.json"

MEASURED = ("overall", "plcc", "srocc", "krocc", "mae", "mse")

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant trained once.

    Attributes:
        variant: Name of the variant.
        seed: Number of the seed, from 0.
        figures: Figures of the scores as given on the test split, by name.
        clipped: The same of the scores clipped to the scale of the labels.
        interval: 95 % patient-clustered interval of the overall figure.
        teacher_overall: Overall figure of the mean of its teacher; ``None`` without one.
        minutes: Time that it took; what variants share counts where it was made.
    """

    variant: str
    seed: int
    figures: dict[str, float]
    clipped: dict[str, float]
    interval: tuple[float, float] | None
    teacher_overall: float | None
    minutes: float


@dataclass(frozen=True, eq=False)
class Study:
    """What all variants have in common.

    Attributes:
        data: Data set that they are trained and measured on.
        out: Folder of the study.
        labelled: The examples they are measured on.
        natural: Natural images with scores, where a recipe has a first phase.
        published_data: Data set prepared as published, for the variants that ask for it.
        device: Where they run; the CPU where none is given.
        log: Called with lines of progress.
    """

    data: Path
    out: Path
    labelled: Labelled
    natural: Path | None
    published_data: Path | None
    device: Device | None
    log: Log

    def data_of(self, variant: Variant) -> Path:
        """What a variant is trained on."""
        return (variant.published_data and self.published_data) or self.data


@dataclass(frozen=True, slots=True)
class Row:
    """One variant over its seeds.

    Attributes:
        variant: Name of the variant.
        seeds: Number of seeds.
        figures: Mean of every figure of the scores as given over the seeds.
        clipped: The same of the scores clipped to the scale of the labels.
        spread: Standard deviation of the overall figure over the seeds; ``None`` for one.
        interval: 95 % patient-clustered interval of the overall figure, mean over the seeds.
        teacher_overall: Mean overall figure of the teachers; ``None`` without one.
        minutes: Time that all seeds took together.
    """

    variant: str
    seeds: int
    figures: dict[str, float]
    clipped: dict[str, float]
    spread: float | None
    interval: tuple[float, float] | None
    teacher_overall: float | None
    minutes: float


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
    log: Log = lambda _: None,
) -> list[Row]:
    """Train and measure every variant with every seed.

    Every variant is checked against its data before the first is trained, and all are measured on
    the same examples, those of ``data``: none of a patient that ``published_data`` trains on.

    Args:
        variants: What is varied.
        data: Data set that all of them are trained and measured on.
        out: Folder of the study.
        seeds: Trainings of every variant.
        split: Split that is measured on.
        natural: Natural images with scores, needed where a recipe has a first phase.
        published_data: Data set prepared as published, for the variants that ask for it; without
            one, these run as :func:`ctiqa.evaluate.ablation.variants.on_given_data` says.
        device: Where it runs; the CPU where none is given.
        log: Called with lines of progress.

    Returns:
        One row a variant.

    Raises:
        UsageError: If a recipe breaks a rule, or its first phase has no images.
        DataError: If the data set does not fit some recipes, which are listed, or a result there
            is of other data.
    """
    source = read_header(data)["recipe"].get("source", "simulate")
    variants, said = on_given_data(variants, source, published_data=published_data is not None)
    recipes = [recipe_from(variant.values, variant.name) for variant in variants]
    if natural is None and any(recipe.pretrain for recipe in recipes):
        raise UsageError(
            "a recipe with a [pretrain] table needs natural images with scores; name their data "
            "set with --natural"
        )
    labelled = open_labelled(data, split, trained_on=published_data)
    study = Study(data, out, labelled, natural, published_data, device, log)
    for line in (*said, *_left_out(labelled)):
        log(line)
    _check(study, variants, recipes)
    results: list[VariantResult] = []
    for seed in range(seeds):
        for variant, recipe in zip(variants, recipes, strict=True):
            log(f"{variant.name}, seed {seed}")
            results.append(_result(study, variant, seed, with_seed(recipe, seed)))
    return rows_of(results)


def _left_out(labelled: Labelled) -> Iterator[str]:
    """Test patients that no variant is measured on."""
    if labelled.left_out:
        yield (
            f"measured without patients that the data as published train on: "
            f"{', '.join(labelled.left_out)}"
        )


def _check(study: Study, variants: Sequence[Variant], recipes: Sequence[Recipe]) -> None:
    """Refuse variants that could not be trained, all at once, before hours go into the first.

    Raises:
        DataError: Listing them.
    """
    problems: list[str] = []
    for variant, recipe in zip(variants, recipes, strict=True):
        try:
            _opened(study, variant, recipe, study.out / variant.folder)
            _open_natural(study, recipe, study.out / variant.folder)
        except DataError as error:
            problems.append(f"{variant.name}: {error}")
    if problems:
        head = "some variants cannot be trained; choose the others with --only NAME, or mend the "
        raise DataError(bulleted(head + "data:", problems))


def _opened(study: Study, variant: Variant, recipe: Recipe, folder: Path) -> Run:
    """A variant on its data, checked."""
    from ctiqa.train.setup.open_run import open_run  # noqa: PLC0415 - torch

    data, shared = study.data_of(variant), study.out / _shared_name(recipe)
    run = open_run(recipe, data, folder, device=study.device, log=study.log)
    return replace(run, shared=shared)


def _open_natural(study: Study, recipe: Recipe, folder: Path) -> Run | None:
    """The first phase of a recipe that has one, checked."""
    from ctiqa.train.setup.open_run import open_run  # noqa: PLC0415 - torch

    if recipe.pretrain is None or study.natural is None:
        return None
    return open_run(recipe, study.natural, folder, device=study.device, log=study.log, natural=True)


def reference_rows(data: Path, split: str = "test") -> list[Row]:
    """One row a reference that needs no training (:mod:`ctiqa.evaluate.predictors.baselines`).

    References that need originals are left out where the data set has none.

    Args:
        data: Data set; its validation split puts references on the scale of the labels.
        split: Split that is measured on.
    """
    labelled = open_labelled(data, split)
    names = REFERENCES if has_originals(labelled) else ALONE
    return [_reference_row(name, labelled) for name in names]


def _reference_row(name: str, labelled: Labelled) -> Row:
    started = time.monotonic()
    scores = score_examples(open_reference(name, labelled), labelled.examples, labelled.scale)
    found = figures_of(pairs_on(labelled, scores.score), MEASURED)
    figures = {each: figure.value for each, figure in found.items()}
    clipped = _values(labelled, scores.clipped)
    said = f"{name} ({'sees the original' if name in BESIDE else 'no training'})"
    minutes = (time.monotonic() - started) / 60
    return Row(said, 1, figures, clipped, None, found["overall"].interval, None, minutes)


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The recipe with other seeds of its trainings; number 0 keeps its own."""
    shift = 1000 * seed
    teacher, student = recipe.teacher, recipe.student
    return replace(
        recipe,
        teacher=replace(teacher, seed=teacher.seed + shift),
        student=replace(student, seed=student.seed + shift),
    )


def rows_of(results: Sequence[VariantResult]) -> list[Row]:
    """Results joined over their seeds, in the order of the variants."""
    return [
        _row([result for result in results if result.variant == name])
        for name in dict.fromkeys(result.variant for result in results)
    ]


def _row(results: Sequence[VariantResult]) -> Row:
    overall = [result.figures["overall"] for result in results]
    intervals = [result.interval for result in results if result.interval]
    teachers = [r.teacher_overall for r in results if r.teacher_overall is not None]
    return Row(
        variant=results[0].variant,
        seeds=len(results),
        figures={name: fmean(r.figures[name] for r in results) for name in MEASURED},
        clipped={name: fmean(r.clipped[name] for r in results) for name in MEASURED},
        spread=stdev(overall) if len(overall) > 1 else None,
        interval=(fmean(i[0] for i in intervals), fmean(i[1] for i in intervals))
        if intervals
        else None,
        teacher_overall=fmean(teachers) if teachers else None,
        minutes=sum(result.minutes for result in results),
    )


def _result(study: Study, variant: Variant, seed: int, recipe: Recipe) -> VariantResult:
    """The result of one training, kept from an earlier run or made now."""
    folder = study.out / variant.folder / f"seed-{seed}"
    labelled = study.labelled
    mark = {"recipe": recipe.as_dict(), "data": labelled.content, "split": labelled.split}
    if study.published_data:
        mark |= {"without": labelled.left_out}
    if (trained_on := study.data_of(variant)) != study.data:
        mark |= {"trained_on": content_of(trained_on)}
    kept = _kept(folder / RESULT, json.loads(json.dumps(mark)))
    if kept is not None:
        return VariantResult(**{**kept, "variant": variant.name, "seed": seed})
    started = time.monotonic()
    scores, teacher = _trained(study, variant, recipe, folder)
    found = figures_of(pairs_on(labelled, scores), MEASURED)
    result = VariantResult(
        variant.name,
        seed,
        {name: figure.value for name, figure in found.items()},
        _values(labelled, labelled.scale.clip(scores)),
        found["overall"].interval,
        None if teacher is None else _overall(labelled, teacher),
        (time.monotonic() - started) / 60,
    )
    text = json.dumps({**mark, "result": asdict(result)}, indent=1)
    write_bytes(folder / RESULT, text.encode())
    return result


def _kept(file: Path, mark: dict[str, Any]) -> dict[str, Any] | None:
    """The result of an earlier run of just this variant."""
    if not file.exists():
        return None
    try:
        # Figures may be NaN, so this is not strict JSON.
        stored = json.loads(file.read_bytes())
        result = dict(stored["result"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(f"'{file}' is no result of a training ({error}); remove it") from None
    if any(stored.get(key) != value for key, value in mark.items()):
        raise DataError(f"'{file}' is of another recipe or other data; take another folder")
    return result


def _trained(
    study: Study, variant: Variant, recipe: Recipe, folder: Path
) -> tuple[Floats, Floats | None]:
    """Scores of student and teacher on the measured examples."""
    from ctiqa.train.predict import predict  # noqa: PLC0415 - torch
    from ctiqa.train.pretrain import train_features  # noqa: PLC0415
    from ctiqa.train.student import load_student, train_student  # noqa: PLC0415

    labelled = study.labelled
    run = _opened(study, variant, recipe, folder)
    if natural := _open_natural(study, run.recipe, run.shared_folder):
        train_features(natural)
    members = list(_members(run, labelled))
    train_student(run)
    precision = (recipe.fine_tune or recipe.student).precision
    scores = predict(
        load_student(recipe, folder), labelled.examples, device=run.device, precision=precision
    )
    teacher = _joined(np.concatenate(members, axis=1)) if members else None
    return _joined(scores), teacher


def _members(run: Run, labelled: Labelled) -> Iterator[Any]:
    """Scores of every member, trained where it is not yet."""
    from ctiqa.train.predict import predict  # noqa: PLC0415 - torch
    from ctiqa.train.teacher import load_member, train_member  # noqa: PLC0415

    shared = replace(run, out=run.shared_folder)
    for k in range(run.recipe.members):
        train_member(shared, k)
        network = load_member(run.recipe, run.shared_folder, k)
        precision = run.recipe.teacher.precision
        yield predict(network, labelled.examples, device=run.device, precision=precision)


def _shared_name(recipe: Recipe) -> str:
    """Folder of what variants share: the features of a first phase, or a teacher.

    Teachers differ by all of the recipe but its student; features by what shaped them.
    """
    if recipe.pretrain and not recipe.members:
        from ctiqa.train.pretrain import shaping  # noqa: PLC0415 - torch

        return f"features-{_mark(shaping(recipe))}"
    values = recipe.as_dict()
    return (
        f"teacher-{_mark({k: v for k, v in values.items() if k not in {'student', 'fine_tune'}})}"
    )


def _mark(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]


def _joined(outputs: Any) -> Floats:
    return np.asarray(np.asarray(outputs, dtype=np.float64).mean(axis=1))


def _values(labelled: Labelled, scores: Floats) -> dict[str, float]:
    """Figures without their intervals."""
    scale = labelled.scale
    found = agreement(scale.grades(scores), scale.grades(labelled.label)).figures()
    return {name: unit_of(name, scale) * found[name] for name in MEASURED}


def _overall(labelled: Labelled, scores: Floats) -> float:
    return _values(labelled, scores)["overall"]
