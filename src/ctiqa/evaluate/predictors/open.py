"""Opens what is to be evaluated: models, runs, teachers, tables; reports all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ctiqa.errors import CtiqaError, UsageError, bulleted
from ctiqa.evaluate.dataset import Labelled, ids_of
from ctiqa.evaluate.predictors.baselines import BASELINES, open_baseline
from ctiqa.evaluate.predictors.csv_scores import read_predictions
from ctiqa.evaluate.predictors.networks import run_predictor, teacher_predictor
from ctiqa.evaluate.predictors.predictor import Predictor
from ctiqa.evaluate.scale import Scale
from ctiqa.system.extras import NETWORKS, require_extra
from ctiqa.weights import ModelCard, load_model

if TYPE_CHECKING:
    from ctiqa.train.setup.devices import Device

Where = Literal["auto", "cpu", "cuda"]

TEACHER = ":teacher"
"""Suffix of a run that selects its teacher."""


def open_predictors(
    models: Sequence[str],
    tables: Sequence[Path],
    labelled: Labelled,
    *,
    threads: int,
    device: Where = "auto",
) -> tuple[Predictor, ...]:
    """Open everything that is to be evaluated.

    Args:
        models: Names of models, ``.onnx`` files, runs, checkpoints, ``RUN:teacher``, baselines.
        tables: CSV files of scores.
        labelled: What they will be evaluated on.
        threads: Threads of ONNX models.
        device: Where trained networks run.

    Raises:
        UsageError: Listing every problem with any of them.
    """
    found: list[Predictor] = []
    problems = [] if models or tables else ["name a MODEL, or give --predictions"]
    for opening in _openings(models, tables, labelled, threads, device):
        try:
            found += opening()
        except CtiqaError as error:
            problems.append(str(error))
    problems += _about_sizes(found, labelled)
    if problems:
        raise UsageError(problems[0] if len(problems) == 1 else bulleted("models:", problems))
    return _named_apart(found)


def is_run(word: str) -> bool:
    """Whether an argument names a trained network: a run, its teacher or a checkpoint.

    >>> is_run("runs/shen2025:teacher"), is_run("psnr"), is_run("ctiqa-s4.onnx")
    (True, False, False)
    """
    if word in BASELINES:
        return False
    return word.endswith(TEACHER) or (Path(word).suffix != ".onnx" and Path(word).exists())


def _openings(
    models: Sequence[str],
    tables: Sequence[Path],
    labelled: Labelled,
    threads: int,
    device: Where,
) -> Iterator[Callable[[], Sequence[Predictor]]]:
    for word in models:
        if word in BASELINES:
            yield partial(_baseline, word, labelled)
        elif word.endswith(TEACHER):
            yield partial(_teacher, word, device)
        elif is_run(word):
            yield partial(_run, word, device)
        else:
            yield partial(_model, word, threads)
    for file in tables:
        yield partial(_table, file, labelled)


def _model(word: str, threads: int) -> tuple[Predictor]:
    from ctiqa.score.engines.engine import Engine  # noqa: PLC0415 - slow to load

    is_path = "/" in word or Path(word).suffix == ".safetensors"
    if is_path and Path(word).suffix != ".onnx":
        raise UsageError(f"'{word}' does not exist; name a run, a checkpoint or an .onnx file")
    model = load_model(word)
    facts = {"version": model.card.version, "sha256": model.sha256}
    engine = Engine(model, threads)
    predictor = Predictor(
        name=model.card.name,
        kind="model",
        facts=facts | {"label": model.card.facts.get("label")},
        estimate=engine.run,
        scale=_stated_scale(model.card),
        trained_on=_stated_data(model.card),
        matrix=model.card.matrix,
        interval=model.card.interval,
        clips=True,
        answer=engine.answer if model.card.regions or model.card.findings else None,
        card=model.card,
    )
    return (predictor,)


def _stated_scale(card: ModelCard) -> Scale | None:
    output = card.facts.get("output")
    stated = output.get("range") if isinstance(output, Mapping) else None
    return None if stated is None else Scale(*(float(end) for end in stated))


def _stated_data(card: ModelCard) -> str | None:
    training = card.facts.get("training")
    stated = training.get("data_sha256") if isinstance(training, Mapping) else None
    return None if stated is None else str(stated)


def _run(word: str, device: Where) -> tuple[Predictor]:
    with _device(device) as where:
        return (run_predictor(Path(word), _last(word), where),)


def _teacher(word: str, device: Where) -> tuple[Predictor]:
    run = word.removesuffix(TEACHER)
    with _device(device) as where:
        return (teacher_predictor(Path(run), _last(run) + TEACHER, where),)


def _device(name: Where) -> AbstractContextManager[Device]:
    """The device of trained networks."""
    require_extra("a run", *NETWORKS)
    from ctiqa.train.setup.devices import device  # noqa: PLC0415 - torch is slow, and optional

    return device(name)


def _baseline(word: str, labelled: Labelled) -> tuple[Predictor]:
    return (open_baseline(word, labelled),)


def _table(file: Path, labelled: Labelled) -> list[Predictor]:
    known = ids_of(labelled.whole.table)
    methods = read_predictions(file, labelled.ids, known, labelled.scale)
    return [
        Predictor(name=name, kind="predictions", facts={"file": file.name}, given=given)
        for name, given in methods.items()
    ]


def _about_sizes(found: Sequence[Predictor], labelled: Labelled) -> Iterator[str]:
    """Models that do not support the matrix sizes of the data set."""
    limited = [each for each in found if each.matrix]
    if not limited:
        return
    images = labelled.examples.images()
    shards = dict(zip(labelled.examples.column("shard").tolist(), range(len(images)), strict=True))
    sides = {side for number in shards.values() for side in images[number].shape[:2]}
    for each in limited:
        low, high = each.matrix or (0, 0)
        if wrong := sorted(side for side in sides if not low <= side <= high):
            yield (
                f"'{each.name}' was made for slices of {low} to {high} pixels a side, the data set "
                f"has {', '.join(map(str, wrong))}"
            )


def _last(word: str) -> str:
    return Path(word).resolve().name


def _named_apart(found: Sequence[Predictor]) -> tuple[Predictor, ...]:
    """Predictors with unique names."""
    seen: dict[str, int] = {}
    apart = []
    for each in found:
        seen[each.name] = seen.get(each.name, 0) + 1
        count = seen[each.name]
        apart.append(each if count == 1 else replace(each, name=f"{each.name} ({count})"))
    return tuple(apart)
