"""Runs a network over slices with ONNX Runtime.

Import it where a score is made, not before: ONNX Runtime takes a tenth of a second to load.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import onnxruntime.capi.onnxruntime_pybind11_state as ort

from ctiqa.errors import WeightsError
from ctiqa.score.verdict import Members
from ctiqa.weights import Model

FAILURES = (
    ort.Fail,
    ort.InvalidArgument,
    ort.InvalidGraph,
    ort.InvalidProtobuf,
    ort.NotImplemented,
    ort.RuntimeException,
)
"""What ONNX Runtime raises; they have no base of their own."""


class Engine:
    """A network that is ready to run.

    Args:
        model: Verified model.
        threads: Threads of the network, >= 1.

    Raises:
        WeightsError: If ONNX Runtime cannot read the network.
    """

    def __init__(self, model: Model, threads: int) -> None:
        self._members = model.card.members
        self._name = model.files.onnx.name
        self._session = _open_session(model, threads)

    def run(self, images: npt.NDArray[np.float32]) -> Members:
        """Estimate the score of slices of one shape.

        Args:
            images: CT numbers in HU, float32 [slices, rows, cols].

        Returns:
            float32 [slices, members].

        Raises:
            WeightsError: If the network fails, or returns anything but finite numbers of the
                shape that its card promises.
        """
        try:
            (scores,) = self._session.run(["scores"], {"hu": images[:, np.newaxis]})
        except (*FAILURES, ValueError) as error:
            raise WeightsError(f"model {self._name} failed on {images.shape}: {error}") from error
        expected = (len(images), self._members)
        if scores.shape != expected or not np.isfinite(scores).all():
            raise WeightsError(
                f"model {self._name} must return finite scores of shape {expected}, "
                f"got shape {scores.shape}"
            )
        return np.asarray(scores, dtype=np.float32)


def _open_session(model: Model, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Threads that spin while they wait starve the processes that read and decompress.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            model.network, options, providers=["CPUExecutionProvider"]
        )
    except FAILURES as error:
        raise WeightsError(
            f"model {model.files.onnx.name} is not a network that ONNX Runtime can read: {error}"
        ) from error
