"""OpenVINO: faster on processors that calculate in bfloat16; the ``fast`` extra.

Only its runtime is used. Its conversion tools, which ``import openvino`` would load as well, start
a process that reports their use over the network; they are hidden while it is imported.
"""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.system.hidden import hidden

with hidden("openvino.tools.ovc", "openvino_telemetry"):
    import openvino

if TYPE_CHECKING:
    from ctiqa.score.engines.protocol import ImageBatch, Infer

OPENVINO_FAILURES: tuple[type[Exception], ...] = (RuntimeError, ValueError)
"""What OpenVINO raises."""

DEVICE = "CPU"


def runs_bfloat16() -> bool:
    """Whether this processor calculates in bfloat16."""
    try:
        # To ask which devices there are would load what drives every one of them.
        return "BF16" in openvino.Core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    except RuntimeError:
        return False


def open_openvino_session(network: bytes, threads: int, *, streams: int, side: int) -> Infer:
    """Load a network.

    Args:
        network: Content of the ``.onnx`` file.
        threads: Threads of one run.
        streams: Runs at the same time.
        side: Rows and columns of a slice that the network takes, for its first run.

    Returns:
        A function from slices [n, 1, rows, cols] to members [n, members]; any thread may call it.
    """
    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if runs_bfloat16() else "f32",
        "INFERENCE_NUM_THREADS": threads * streams,
        "NUM_STREAMS": streams,
        # Readers and decoders need the cores as well.
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(core.read_model(network), DEVICE, settings)
    scores = compiled.output("scores")
    requests = local()

    def infer(images: ImageBatch) -> ImageBatch:
        if not hasattr(requests, "own"):
            requests.own = compiled.create_infer_request()
        found = requests.own.infer({"hu": images})[scores]
        # The array belongs to the request, which writes it anew at its next run.
        return np.array(found, dtype=np.float32)

    # OpenVINO fills tables at its first run; two first runs at once can wait for each other, one
    # with Python's lock and one with the table's.
    infer(np.zeros((1, 1, side, side), dtype=np.float32))
    return infer
