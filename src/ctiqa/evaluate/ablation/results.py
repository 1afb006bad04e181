"""Results of variants: measured, stored in ``result.json`` and summarized over seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ctiqa.errors import DataError
from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import estimates_of, metrics_of
from ctiqa.io.atomic import write_bytes
from ctiqa.recipe.stored import completed

RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant trained with one seed.

    Attributes:
        variant: Name of the variant.
        seed: Number of the seed, from 0.
        metrics: Metrics of the scores as given, by name.
        clipped: Metrics of the scores clipped to the scale of the labels.
        interval: Patient-clustered 95 % interval of ``overall``.
        teacher_overall: ``overall`` of the mean of the teacher; ``None`` without one.
        minutes: Training and scoring time; shared parts count where they were trained.
    """

    variant: str
    seed: int
    metrics: dict[str, float]
    clipped: dict[str, float]
    interval: tuple[float, float] | None
    teacher_overall: float | None
    minutes: float


@dataclass(frozen=True, slots=True)
class VariantSummary:
    """One variant over all its seeds.

    Attributes:
        variant: Name of the variant.
        seeds: Number of seeds.
        metrics: Metrics of the scores as given, mean over the seeds.
        clipped: Metrics of the scores clipped to the scale of the labels, mean over the seeds.
        spread: Standard deviation of ``overall`` over the seeds; ``None`` for one seed.
        interval: Patient-clustered 95 % interval of ``overall``, mean over the seeds.
        teacher_overall: Mean ``overall`` of the teachers; ``None`` without one.
        minutes: Total time of all seeds.
    """

    variant: str
    seeds: int
    metrics: dict[str, float]
    clipped: dict[str, float]
    spread: float | None
    interval: tuple[float, float] | None
    teacher_overall: float | None
    minutes: float


def result_of(
    variant: str,
    seed: int,
    scored: ScoredExamples,
    teacher: ScoredExamples | None = None,
    *,
    minutes: float,
) -> VariantResult:
    """Metrics of a variant from the scores of its student and, if it has one, its teacher."""
    estimates = estimates_of(scored, PUBLISHED_METRICS)
    return VariantResult(
        variant=variant,
        seed=seed,
        metrics={name: estimate.value for name, estimate in estimates.items()},
        clipped=metrics_of(scored.clipped, PUBLISHED_METRICS),
        interval=estimates["overall"].interval,
        teacher_overall=None if teacher is None else metrics_of(teacher)["overall"],
        minutes=minutes,
    )


def summaries_of(results: Sequence[VariantResult]) -> list[VariantSummary]:
    """Results summarized over their seeds, in the order of the variants."""
    return [
        _summary([result for result in results if result.variant == name])
        for name in dict.fromkeys(result.variant for result in results)
    ]


def _summary(results: Sequence[VariantResult]) -> VariantSummary:
    overall = [result.metrics["overall"] for result in results]
    intervals = [result.interval for result in results if result.interval]
    teachers = [r.teacher_overall for r in results if r.teacher_overall is not None]
    return VariantSummary(
        variant=results[0].variant,
        seeds=len(results),
        metrics={name: fmean(r.metrics[name] for r in results) for name in PUBLISHED_METRICS},
        clipped={name: fmean(r.clipped[name] for r in results) for name in PUBLISHED_METRICS},
        spread=stdev(overall) if len(overall) > 1 else None,
        interval=(fmean(i[0] for i in intervals), fmean(i[1] for i in intervals))
        if intervals
        else None,
        teacher_overall=fmean(teachers) if teachers else None,
        minutes=sum(result.minutes for result in results),
    )


def summary_from(stored: Mapping[str, Any]) -> VariantSummary:
    """A summary from a row of a stored table, of this or of an earlier version."""
    return VariantSummary(**_restored(stored))


def write_result(file: Path, mark: Mapping[str, Any], result: VariantResult) -> None:
    """Store a result with its mark: recipe, data and split that it belongs to."""
    write_bytes(file, json.dumps({**mark, "result": asdict(result)}, indent=1).encode())


def read_result(
    file: Path, mark: Mapping[str, Any], variant: str, seed: int
) -> VariantResult | None:
    """The stored result of a variant; ``None`` if there is none.

    Raises:
        DataError: If the file is not a result, or belongs to another recipe or other data.
    """
    if not file.exists():
        return None
    expected = json.loads(json.dumps(mark))
    try:
        # Metrics may be NaN, so this is not strict JSON.
        stored = json.loads(file.read_bytes())
        stored["recipe"] = completed(stored["recipe"], expected["recipe"])
        strange = any(stored.get(key) != value for key, value in expected.items())
        result = None if strange else VariantResult(**_restored(stored["result"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"'{file}' is not a training result ({error}); remove it") from None
    if result is None:
        raise DataError(f"'{file}' belongs to another recipe or other data; use another folder")
    return replace(result, variant=variant, seed=seed)


def _restored(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Fields from stored values; earlier versions named the metrics ``figures``."""
    named = {"metrics" if key == "figures" else key: value for key, value in stored.items()}
    return named | {"interval": named["interval"] and tuple(named["interval"])}
