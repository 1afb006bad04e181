"""Runs a network over slices, with whichever engine is there."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, cast

import numpy as np

from ctiqa.errors import UsageError, WeightsError
from ctiqa.hu import AIR_HU
from ctiqa.score.engines.protocol import ENGINE_KINDS, EngineKind, ImageBatch, Infer
from ctiqa.score.verdict import Members
from ctiqa.system.extras import is_installed, require_extra
from ctiqa.system.processor import lacks_bfloat16
from ctiqa.weights import Model, ModelCard

ENGINES = ("auto", *ENGINE_KINDS)
"""What ``--engine`` takes."""

VARIABLE = "CTIQA_ENGINE"
"""Environment variable that names the engine where none is asked for."""

_BATCH: dict[EngineKind, int] = {"onnxruntime": 1, "openvino": 1, "cuda": 16}
"""Slices per run: on a processor more cost memory and gain no speed."""


class Engine:
    """A network that is ready to run; any thread may run it.

    Args:
        model: Verified model.
        threads: Threads of one run, >= 1.
        kind: Which engine; see :func:`choose`.
        streams: Runs at the same time, >= 1.

    Raises:
        WeightsError: If the engine cannot read the network.
    """

    def __init__(
        self, model: Model, threads: int, kind: EngineKind = "onnxruntime", *, streams: int = 1
    ) -> None:
        self.kind = kind
        self.batch = _BATCH[kind]
        self._members = model.card.members
        self._multiple = model.card.multiple
        self._name = model.files.onnx.name
        self._infer, self._failures = _open(model, threads, kind, streams)

    def run(self, images: ImageBatch) -> Members:
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
            scores = self._infer(_filled(images, self._multiple)[:, np.newaxis])
        except self._failures as error:
            raise WeightsError(f"model {self._name} failed on {images.shape}: {error}") from error
        expected = (len(images), self._members)
        if scores.shape != expected or not np.isfinite(scores).all():
            raise WeightsError(
                f"model {self._name} must return finite scores of shape {expected}, "
                f"got shape {scores.shape}"
            )
        return np.asarray(scores, dtype=np.float32)


def _smallest_side(card: ModelCard) -> int:
    """The smallest matrix that a network takes, in pixels."""
    low, _ = card.matrix
    return low + -low % card.multiple


def _filled(images: ImageBatch, multiple: int) -> ImageBatch:
    """Slices with air below and to the right, up to sides that the network takes."""
    below, right = (-side % multiple for side in images.shape[1:])
    if not (below or right):
        return images
    return np.pad(images, ((0, 0), (0, below), (0, right)), constant_values=AIR_HU)


def choose(asked: str = "auto") -> EngineKind:
    """The engine to use: the one that is asked for, or the fastest that is there.

    ``auto`` takes what the environment variable ``CTIQA_ENGINE`` names; else a GPU where ONNX
    Runtime's CUDA build is installed; else OpenVINO where it is installed and the processor
    calculates in bfloat16; else ONNX Runtime.

    Args:
        asked: One of :data:`ENGINES`.

    Raises:
        UsageError: If there is no such engine, or it is not installed.

    >>> choose("onnxruntime")
    'onnxruntime'
    """
    wanted = check_engine(asked)
    return _fastest() if wanted == "auto" else wanted


def check_engine(asked: str) -> EngineKind | Literal["auto"]:
    """What is asked for, ``CTIQA_ENGINE`` considered; ``auto`` where it is left to ctiqa.

    To find the fastest engine takes loading one; this does not.

    Raises:
        UsageError: If there is no such engine, or it is not installed.
    """
    if asked == "auto":
        asked = os.environ.get(VARIABLE, "auto")
    if asked not in ENGINES:
        raise UsageError(
            f"'engine' (or {VARIABLE}) must be one of {', '.join(ENGINES)}, got {asked!r}"
        )
    if asked == "openvino":
        require_extra("engine 'openvino'", "openvino")
    if asked == "cuda" and not _has_cuda():
        raise UsageError(
            "engine 'cuda' needs a GPU and the CUDA build of ONNX Runtime; install it with: "
            "pip install onnxruntime-gpu"
        )
    return cast('EngineKind | Literal["auto"]', asked)


def _fastest() -> EngineKind:
    if _is_cuda_build() and _has_cuda():
        return "cuda"
    # To ask OpenVINO itself takes as long as loading it.
    if is_installed("openvino") and not lacks_bfloat16():
        from ctiqa.score.engines.openvino_cpu import runs_bfloat16  # noqa: PLC0415 - optional, slow to load

        if runs_bfloat16():
            return "openvino"
    return "onnxruntime"


def _is_cuda_build() -> bool:
    """Whether ONNX Runtime has its CUDA library, looked up without loading it."""
    spec = find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        return False
    folder = Path(spec.origin).parent / "capi"
    return any(folder.glob("*onnxruntime_providers_cuda*"))


def _has_cuda() -> bool:
    from ctiqa.score.engines.onnx_runtime import has_cuda  # noqa: PLC0415 - slow to load

    return has_cuda()


def _open(
    model: Model, threads: int, kind: EngineKind, streams: int
) -> tuple[Infer, tuple[type[Exception], ...]]:
    """The network as a function, and what it raises."""
    failures: tuple[type[Exception], ...] = ()
    try:
        if kind == "openvino":
            from ctiqa.score.engines import openvino_cpu  # noqa: PLC0415 - optional, slow to load

            failures = openvino_cpu.OPENVINO_FAILURES
            infer = openvino_cpu.open_openvino_session(
                model.network, threads, streams=streams, side=_smallest_side(model.card)
            )
            return infer, failures
        from ctiqa.score.engines import onnx_runtime  # noqa: PLC0415 - slow to load

        failures = onnx_runtime.ONNX_FAILURES
        cuda = kind == "cuda"
        return onnx_runtime.open_onnx_session(model.network, threads, cuda=cuda), failures
    except failures as error:
        raise WeightsError(
            f"model {model.files.onnx.name} is not a network that {kind} can read: {error}"
        ) from error
