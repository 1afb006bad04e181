from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import competitors as measured
from benchmarks.competitors import (
    PASSES,
    Images,
    Published,
    against,
    competitors,
    distiliqa,
    distiliqa_preprocessing,
    scores,
    tfkt,
)
from benchmarks.setting import Setting
from ctiqa.models.build import parameters
from ctiqa.models.inputs import WindowLayer


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path, ("onnxruntime",), jobs=1, repeats=2, compared=3)


def published(batch: int, log: list[tuple[int, ...]]) -> Published:
    """Its score vector of a slice is its mean and three times that."""

    def infer(images: Images) -> Images:
        log.append(images.shape)
        mean = images.mean(axis=(1, 2, 3))
        return np.stack([mean, 3 * mean], axis=1)

    return Published("Theirs", "torch", batch, lambda hu: hu + 1, infer)


@pytest.mark.parametrize(
    ("batch", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (8, [3])], ids=["one", "two", "eight"]
)
def test_slices_are_prepared_and_scored_in_batches(batch: int, sizes: list[int]) -> None:
    """Hand-worked: slices of value v become v + 1, whose score is (1 + 3) / 2 times that."""
    log: list[tuple[int, ...]] = []
    slices = [np.full((4, 6), value, np.float32) for value in (0, 1, 4)]
    assert scores(published(batch, log), slices).tolist() == [2.0, 4.0, 10.0]
    assert log == [(size, 1, 4, 6) for size in sizes]


def test_ours_then_theirs_on_the_same_slices(setting: Setting) -> None:
    order: list[str] = []
    log: list[tuple[int, ...]] = []
    ours = {"ctiqa, onnxruntime": lambda: order.append(f"ours after {len(log)}")}
    slices = [np.zeros((4, 4), np.float32)] * 3
    found = against(ours, published(1, log), slices, setting)
    assert order == ["ours after 0", "ours after 3", "ours after 6"]
    assert [each.slices for each in found.times] == [3 * PASSES, 3]
    assert (found.name, found.reference) == ("Theirs", "Theirs, torch, batch 1")


def test_our_scorer_scores_the_slices_as_often_as_is_said(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting:
        def __init__(self, _model: str, *, jobs: int, engine: str) -> None:
            assert (jobs, engine) == (1, "onnxruntime")

        def score(self, stack: Images) -> None:
            shapes.append(stack.shape)

    shapes: list[tuple[int, ...]] = []
    monkeypatch.setattr(measured, "Scorer", Counting)
    monkeypatch.setattr(measured, "published", lambda _: [published(8, [])])
    (found,) = competitors(setting).comparisons
    assert shapes == [(3, 512, 512)] * PASSES * 3
    assert found.times[0].slices == 3 * PASSES


def test_without_torch_all_is_left_out_with_the_reason(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "find_spec", lambda name: None if name == "torch" else name)
    found = competitors(setting)
    assert found.comparisons == ()
    assert found.left_out == ("all: torch missing; install them with: pip install 'ctiqa[train]'",)


def test_preprocessing_is_that_of_the_network_as_published() -> None:
    hu = np.linspace(-1024, 3071, 4096, dtype=np.float32).reshape(64, 64)
    expected = WindowLayer("distiliqa")(torch.from_numpy(hu)).numpy()
    np.testing.assert_allclose(distiliqa_preprocessing(hu), expected, atol=1e-6)


def test_the_networks_have_the_published_sizes() -> None:
    with torch.device("meta"):
        assert parameters(distiliqa()) == 85_902_782
        assert parameters(tfkt()) == 209_383_449
