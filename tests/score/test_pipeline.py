from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.score.made import header, image
from tests.score.tiny_model import write_model

from ctiqa.hu import WINDOWS
from ctiqa.score.engines.engine import Engine
from ctiqa.score.pipeline import score_slices
from ctiqa.types import Slice, SliceScore
from ctiqa.weights import Model, load_model


@pytest.fixture(scope="module")
def loaded(model: Path) -> Model:
    return load_model(model)


@pytest.fixture(scope="module")
def engine(loaded: Model) -> Engine:
    return Engine(loaded, threads=1)


def mixed() -> list[Slice]:
    """Slices of two shapes, with a slice of air among them."""
    sides = [256, 256, 256, 320, 256, 256, 320, 320]
    slices = [image(index, 15.0 * index, side) for index, side in enumerate(sides)]
    air = np.full((256, 256), -1000, dtype=np.float32)
    return [*slices[:5], Slice(air, header(99)), *slices[5:]]


def scored(images: Iterable[Slice], *options: Any, **further: Any) -> Iterator[SliceScore]:
    """Verdicts of slices that belong to nothing."""
    keyed = ((0, image) for image in images)
    return (verdict for _, verdict in score_slices(keyed, *options, **further))


def test_what_a_slice_belongs_to_comes_back_with_its_verdict(loaded: Model, engine: Engine) -> None:
    keyed = [(f"scan {k % 3}", image) for k, image in enumerate(mixed())]
    found = list(score_slices(keyed, engine, loaded.card, workers=2))
    assert [(key, verdict.header) for key, verdict in found] == [
        (key, image.header) for key, image in keyed
    ]


def test_batches_say_the_same_as_one_by_one(loaded: Model, engine: Engine) -> None:
    together = list(scored(mixed(), engine, loaded.card))
    alone = [next(scored([each], engine, loaded.card)) for each in mixed()]
    assert [each.header for each in together] == [each.header for each in mixed()]
    assert [each.flags for each in together] == [each.flags for each in alone]
    for a, b in zip(together, alone, strict=True):
        assert a.score == (b.score if b.score is None else pytest.approx(b.score, abs=1e-5))


def test_abstention_is_flagged_beside_other_flags(loaded: Model, engine: Engine) -> None:
    air = Slice(np.full((256, 256), -1000, np.float32), header(flags=("lossy",)))
    (verdict,) = scored([air], engine, loaded.card)
    assert (verdict.score, verdict.interval) == (None, None)
    assert verdict.flags == ("lossy", "blank")


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_change_no_score(loaded: Model, engine: Engine, workers: int) -> None:
    alone = list(scored(mixed(), engine, loaded.card))
    assert list(scored(mixed(), engine, loaded.card, workers=workers)) == alone


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (4, 1), (1, 3), (2, 2)])
def test_no_more_than_a_batch_a_worker_and_one_more_is_held(
    loaded: Model, batch: int, workers: int
) -> None:
    engine = Engine(loaded, threads=1)
    engine.batch = batch
    drawn = 0

    def stream() -> Iterator[Slice]:
        nonlocal drawn
        for index in range(20):
            drawn += 1
            yield image(index)

    verdicts = scored(stream(), engine, loaded.card, workers=workers)
    for done in range(1, 10):
        next(verdicts)
        waiting = 1 if workers > 1 else 0
        started = (done - 1) // batch + workers + waiting
        assert drawn <= started * batch + 1


def test_window_is_applied_where_the_model_wants_brightness(tmp_path: Path) -> None:
    windowed = load_model(write_model(tmp_path))
    engine = Engine(windowed, threads=1)
    plain, lung = (
        next(scored([image()], engine, windowed.card, window)) for window in (None, WINDOWS["lung"])
    )
    assert plain.score != lung.score
    assert lung.score == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize("workers", [1, 3])
def test_every_slice_is_used_with_its_own_score(
    loaded: Model, engine: Engine, workers: int
) -> None:
    used: dict[int, tuple[Slice, SliceScore]] = {}

    def use(key: int, image: Slice, verdict: SliceScore) -> None:
        used[key] = image, verdict

    images = list(enumerate(mixed()))
    found = dict(score_slices(images, engine, loaded.card, workers=workers, use=use))
    assert used == {key: (image, found[key]) for key, image in images}
