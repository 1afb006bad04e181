"""A network of four nodes that behaves like a shipped model: bright slices score high."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MEMBERS = (0.9, 1.0, 1.1)
"""Factors by which the members differ."""

RULE = {"level": 0.9, "quantile": 2.0, "floor": 0.1}


def expected_members(hu: np.ndarray[Any, np.dtype[np.float32]]) -> list[float]:
    """What the network answers for one slice."""
    centre = float(np.clip(hu, -1000, 400).mean(dtype=np.float64))
    return [factor * (centre + 1000) / 250 for factor in MEMBERS]


def network(
    factors: tuple[float, ...] = MEMBERS,
    sides: tuple[int | str, int | str] = ("h", "w"),
    *,
    noise_map: bool = False,
    patch: int = 32,
) -> bytes:
    """ONNX: scores = factors * (mean(clip(hu, -1000, 400)) + 1000) / 250.

    Args:
        factors: By which the members differ.
        sides: Rows and columns that it takes; a name for any.
        noise_map: Whether it also answers ``log_noise_hu``: ln 16 in air, ln 32 at 400 HU.
        patch: Side of the patches of the noise map.
    """
    constants: dict[str, np.ndarray[Any, Any]] = {
        "low": np.array(-1000, np.float32),
        "high": np.array(400, np.float32),
        "axes": np.array([2, 3], np.int64),
        "offset": np.array(1000, np.float32),
        "factors": np.array([factors], np.float32) / np.float32(250),
    }
    nodes = [
        helper.make_node("Clip", ["hu", "low", "high"], ["clipped"]),
        helper.make_node("ReduceMean", ["clipped", "axes"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "offset"], ["lifted"]),
        helper.make_node("Mul", ["lifted", "factors"], ["scores"]),
    ]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", len(factors)])]
    if noise_map:
        constants |= {
            "channel": np.array([1], np.int64),
            "slope": np.array(np.log(2) / 1400, np.float32),
            "least": np.array(np.log(16), np.float32),
        }
        nodes += [
            helper.make_node(
                *("AveragePool", ["lifted_image"], ["patches"]),
                kernel_shape=[patch, patch],
                strides=[patch, patch],
                ceil_mode=1,
            ),
            helper.make_node("Squeeze", ["patches", "channel"], ["grid"]),
            helper.make_node("Mul", ["grid", "slope"], ["risen"]),
            helper.make_node("Add", ["risen", "least"], ["log_noise_hu"]),
        ]
        nodes.insert(1, helper.make_node("Add", ["clipped", "offset"], ["lifted_image"]))
        shape = ["n", "rows", "cols"]
        outputs.append(helper.make_tensor_value_info("log_noise_hu", TensorProto.FLOAT, shape))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("hu", TensorProto.FLOAT, ["n", 1, *sides])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def card(name: str, **changes: Any) -> dict[str, Any]:
    """A complete model card."""
    return {
        "name": name,
        "version": "1.0",
        "title": "Tiny test network",
        "created": "2026-11-21",
        "licence": "Apache-2.0",
        "members": len(MEMBERS),
        "input": {"matrix": [256, 1024], "range_hu": [-1000, 400], "windows": ["soft", "lung"]},
        "output": {"range": [0, 4], "meaning": "0 bad to 4 excellent"},
        "interval": RULE,
        "data": [{"source": "Made here", "licence": "CC0", "patients": 3, "slices": 30}],
        "label": "Mean brightness.",
        "not_trained_on": ["heads", "children"],
        "agreement": {
            "overall": {"value": 2.91, "interval": [2.88, 2.94]},
            "plcc": {"value": 0.981, "interval": [0.97, 0.99]},
            "mae": 0.2,
            "n": 300,
            "patients": 12,
        },
        "citation": "The ctiqa authors, 2026",
    } | changes


def write_model(folder: Path, name: str = "tiny", *, hashes: bool = True, **changes: Any) -> Path:
    """Write network, card and hashes into a folder.

    Args:
        folder: Where to; made if need be.
        name: Name of the model.
        hashes: Whether to write ``hashes.json``.
        **changes: Entries of the card to replace; ``network`` replaces the network.

    Returns:
        Path of the ``.onnx`` file.
    """
    content = changes.pop("network", None) or network()
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.onnx": content, f"{name}.json": json.dumps(card(name, **changes)).encode()}
    for file, data in files.items():
        (folder / file).write_bytes(data)
    if hashes:
        table = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
        (folder / "hashes.json").write_text(json.dumps(table))
    return folder / f"{name}.onnx"
