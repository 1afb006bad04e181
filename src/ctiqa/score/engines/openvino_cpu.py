"""OpenVINO: faster on processors with bfloat16 instructions; the ``fast`` extra.

Only its runtime is used. Its conversion tools, which ``import openvino`` would also load, start a
process that sends telemetry; they are hidden during the import.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np

from ctiqa.score.engines.protocol import Answers
from ctiqa.system.hidden import hidden

with hidden("openvino.tools.ovc", "openvino_telemetry"):
    import openvino

if TYPE_CHECKING:
    from ctiqa.score.engines.protocol import ImageBatch, Infer

OPENVINO_FAILURES: tuple[type[Exception], ...] = (RuntimeError, ValueError)
"""Exceptions of OpenVINO."""

DEVICE = "CPU"


def runs_bfloat16() -> bool:
    """Whether OpenVINO uses bfloat16 on this processor."""
    try:
        # Listing the available devices would load the plugins of all of them.
        return "BF16" in openvino.Core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    except RuntimeError:
        return False


def open_openvino_session(network: bytes, threads: int, *, streams: int, side: int) -> Infer:
    """Load a network.

    Args:
        network: Content of the ``.onnx`` file.
        threads: Threads per run.
        streams: Parallel runs.
        side: Rows and columns of an accepted slice, for the first run.

    Returns:
        A function from slices [n, 1, rows, cols] to outputs by name; any thread may call it.
    """
    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if runs_bfloat16() else "f32",
        "INFERENCE_NUM_THREADS": threads * streams,
        "NUM_STREAMS": streams,
        # Readers and decoders need the cores, too.
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(core.read_model(network), DEVICE, settings)
    outputs = {_name_of(each): each for each in compiled.outputs}
    requests = local()

    def infer(images: ImageBatch) -> Mapping[str, ImageBatch]:
        if not hasattr(requests, "own"):
            requests.own = compiled.create_infer_request()
        found = requests.own.infer({"hu": images})
        # The arrays belong to the request, which overwrites them in its next run.
        return {name: np.array(found[each], np.float32) for name, each in outputs.items()}

    # OpenVINO fills tables in its first run; two concurrent first runs can deadlock, one holding
    # the GIL and the other the lock of the table.
    infer(np.zeros((1, 1, side, side), dtype=np.float32))
    return infer


def _name_of(output: Any) -> str:
    """Name of an output; after optimisation it also has the names of the nodes merged into it."""
    known = output.get_names() & {*Answers._fields}
    return str(known.pop() if known else output.get_any_name())
