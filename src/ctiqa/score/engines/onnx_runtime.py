"""ONNX Runtime: on any CPU, and on a GPU if its CUDA build is installed.

Import it only when scoring: it takes a tenth of a second to load. Its telemetry is switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.system.no_telemetry import opt_out

opt_out()

import onnxruntime  # noqa: E402
import onnxruntime.capi.onnxruntime_pybind11_state as ort  # noqa: E402

# If a program has already loaded it, the environment variable comes too late.
onnxruntime.disable_telemetry_events()

if TYPE_CHECKING:
    from ctiqa.score.engines.protocol import ImageBatch, Infer

ONNX_FAILURES: tuple[type[Exception], ...] = (
    ort.Fail,
    ort.InvalidArgument,
    ort.InvalidGraph,
    ort.InvalidProtobuf,
    ort.NotImplemented,
    ort.RuntimeException,
    ValueError,
)
"""Exceptions of ONNX Runtime; they have no common base class."""

CUDA = "CUDAExecutionProvider"


def has_cuda() -> bool:
    """Whether this build of ONNX Runtime can use a GPU."""
    return CUDA in onnxruntime.get_available_providers()


def open_onnx_session(network: bytes, threads: int, *, cuda: bool = False) -> Infer:
    """Load a network.

    Args:
        network: Content of the ``.onnx`` file.
        threads: Threads per run.
        cuda: Whether to run on a GPU.

    Returns:
        A function from slices [n, 1, rows, cols] to outputs by name; any thread may call it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Spinning threads would starve the processes that read and decompress.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [*([CUDA] if cuda else []), "CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(network, options, providers=providers)

    names = [each.name for each in session.get_outputs()]

    def infer(images: ImageBatch) -> Mapping[str, ImageBatch]:
        outputs = session.run(names, {"hu": images})
        return {name: np.asarray(each) for name, each in zip(names, outputs, strict=True)}

    return infer
