from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tests.train.onnx_file import tiny_network
from tests.train.tiny import NETWORK

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.models import Stride32, stride32
from ctiqa.models.build import build
from ctiqa.recipe import StemVitNetwork
from ctiqa.train.export import OPSET, to_onnx
from ctiqa.weights import load_model


def shipped() -> bytes:
    return load_model(DEFAULT_MODEL).network


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(tiny_network()[1], options)


def hu(n: int, rows: int, cols: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(n).normal(-200, 400, (n, 1, rows, cols)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(
    ("rows", "cols"), [(256, 256), (270, 333), (384, 320), (512, 512), (257, 640)]
)
def test_onnx_equals_torch(
    session: onnxruntime.InferenceSession, n: int, rows: int, cols: int
) -> None:
    images = hu(n, rows, cols)
    with torch.no_grad():
        wanted = tiny_network()[0](torch.from_numpy(images))
    found = session.run(None, {"hu": images})
    known = [each for each in wanted if each is not None]
    for ours, theirs in zip(found, known, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


def test_it_tells_slices_apart(session: onnxruntime.InferenceSession) -> None:
    (scores,) = session.run(["scores"], {"hu": hu(3, 256, 256)})
    (other,) = session.run(["scores"], {"hu": (hu(3, 256, 256) / 10).astype(np.float32)})
    assert np.abs(scores - other).max() > 1e-3


def test_names_and_sizes_are_what_the_engine_expects() -> None:
    model = onnx.load_from_string(tiny_network()[1])
    onnx.checker.check_model(model)
    assert [i.name for i in model.graph.input] == ["hu"]
    assert [o.name for o in model.graph.output] == ["scores", "log_noise_hu"]
    assert {o.domain: o.version for o in model.opset_import}[""] == OPSET
    sizes = [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert sizes == ["slices", 1, "rows", "cols"]


@pytest.mark.parametrize("network", [lambda: tiny_network()[1], shipped])
def test_nobody_learns_where_it_was_made(network: Callable[[], bytes]) -> None:
    content = network()
    assert b"site-packages" not in content
    assert str(Path(stride32.__file__).parent).encode() not in content


def test_the_weights_are_inside() -> None:
    model = onnx.load_from_string(tiny_network()[1])
    assert not [t.name for t in model.graph.initializer if t.external_data]


@functools.cache
def fixed() -> tuple[torch.nn.Module, onnxruntime.InferenceSession]:
    torch.manual_seed(5)
    model = build(
        StemVitNetwork(blocks=1, backbone="vit_tiny_patch16_224", depth=1, outputs=2)
    ).eval()
    network = to_onnx(model, side=512, scale=(1.0, 5.0))
    return model, onnxruntime.InferenceSession(network)


def test_a_network_of_fixed_matrix_gives_grades() -> None:
    model, session = fixed()
    assert [o.name for o in session.get_outputs()] == ["scores"]
    assert session.get_inputs()[0].shape == ["slices", 1, 512, 512]
    for n in (1, 3):
        images = hu(n, 512, 512)
        with torch.no_grad():
            on_scale = model(torch.from_numpy(images))[0].numpy()
        (grades,) = session.run(None, {"hu": images})
        np.testing.assert_allclose(grades, on_scale - 1, atol=1e-4)


def test_sides_that_are_multiples_need_no_padding_inside() -> None:
    torch.manual_seed(3)
    recipe = replace(NETWORK, sizes=(4, 4, 2, 2, 2))
    model = Stride32(recipe).eval()
    network = to_onnx(model, multiple=recipe.multiple)
    assert "Pad" not in {node.op_type for node in onnx.load_from_string(network).graph.node}
    images = hu(2, 256, 320)
    with torch.no_grad():
        wanted = model(torch.from_numpy(images))[0].numpy()
    (found,) = onnxruntime.InferenceSession(network).run(["scores"], {"hu": images})
    np.testing.assert_allclose(found, wanted, atol=1e-4)
