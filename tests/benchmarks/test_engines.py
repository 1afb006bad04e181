from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import engines as measured
from benchmarks.engines import engines, example_slices, installed, of_side, run_all
from benchmarks.setting import Setting
from ctiqa.score.engines.protocol import ImageBatch
from ctiqa.score.verdict import Members
from ctiqa.weights import Model


class Counting:
    """An engine that notes what it was opened with and what it scored."""

    opened: list[tuple[int, str, int]]
    shapes: list[tuple[int, ...]]

    def __init__(self, _model: Model, threads: int, kind: str, *, streams: int) -> None:
        self.opened.append((threads, kind, streams))

    def run(self, images: ImageBatch) -> Members:
        self.shapes.append(images.shape)
        return np.zeros((len(images), 5), np.float32)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    Counting.opened, Counting.shapes = [], []
    monkeypatch.setattr(measured, "Engine", Counting)
    monkeypatch.setattr(measured, "PIXELS", 4 * 64 * 64)
    return Counting


def test_engines_are_opened_once_and_score_slices_of_every_side(
    counting: type[Counting], tmp_path: Path
) -> None:
    setting = Setting(tmp_path, ("onnxruntime",), jobs=2, repeats=2, sides=(64, 128))
    small, large = engines(setting).comparisons
    assert counting.opened == [(1, "onnxruntime", 1), (1, "onnxruntime", 2)] * 2
    # A round that warms up and two that count; two contestants each.
    assert counting.shapes == [(1, 64, 64)] * 4 * 6 + [(1, 128, 128)] * 2 * 6
    assert [each.name for each in small.times] == [
        "onnxruntime, 1 worker",
        "onnxruntime, 2 workers",
    ]
    assert {each.slices for each in small.times} == {4}
    assert {each.slices for each in large.times} == {2}
    assert small.reference == "onnxruntime, 1 worker"


@pytest.mark.parametrize("workers", [1, 3])
def test_every_stack_is_scored(workers: int, counting: type[Counting]) -> None:
    engine = Counting.__new__(Counting)
    stacks = [np.zeros((size, 8, 8), np.float32) for size in (1, 2, 1, 3)]
    assert run_all(engine, stacks, workers) == 7  # type: ignore[arg-type]
    assert sorted(counting.shapes) == [(1, 8, 8), (1, 8, 8), (2, 8, 8), (3, 8, 8)]


def test_slices_of_a_side_come_from_the_example() -> None:
    hu = example_slices()[0]
    assert hu.shape == (512, 512)
    assert np.array_equal(of_side(hu, 512), hu)
    assert np.array_equal(of_side(hu, 256), hu[128:384, 128:384])
    for side in (768, 1024):
        tiled = of_side(hu, side)
        assert tiled.shape == (side, side)
        assert np.array_equal(tiled[512:, 512:], hu[: side - 512, : side - 512])


def test_what_is_not_installed_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiqa.system.extras.find_spec", lambda _: None)
    found, missing = installed(("onnxruntime", "openvino"))
    assert found == ("onnxruntime",)
    assert len(missing) == 1
    assert "engine 'openvino' needs openvino, which is not installed" in missing[0]
