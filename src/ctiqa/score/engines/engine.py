"""Run a network over slices with the available inference engine."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, cast

import numpy as np

from ctiqa.errors import UsageError, WeightsError
from ctiqa.hu import AIR_HU
from ctiqa.score.engines.protocol import ENGINE_KINDS, Answers, EngineKind, ImageBatch, Infer
from ctiqa.system.extras import is_installed, require_extra
from ctiqa.system.processor import lacks_bfloat16
from ctiqa.types import NOISE_PATCH
from ctiqa.weights import Model, ModelCard

ENGINES = ("auto", *ENGINE_KINDS)
"""Values of ``--engine``."""

VARIABLE = "CTIQA_ENGINE"
"""Environment variable that selects the engine if none is requested."""

MOST_LOG = 20.0
"""Largest absolute value of the logarithm of a noise in HU; nobody measures more."""

_BATCH: dict[EngineKind, int] = {"onnxruntime": 1, "openvino": 1, "cuda": 16}
"""Slices per run; on a CPU larger batches cost memory and gain no speed."""


class Engine:
    """A network ready to run, from any thread.

    Args:
        model: Verified model.
        threads: Threads per run, >= 1.
        kind: Kind of engine; see :func:`choose`.
        streams: Parallel runs, >= 1.

    Raises:
        WeightsError: If the engine cannot read the network.
    """

    def __init__(
        self, model: Model, threads: int, kind: EngineKind = "onnxruntime", *, streams: int = 1
    ) -> None:
        self.kind = kind
        self.batch = _BATCH[kind]
        self._widths = {
            "scores": model.card.members,
            "findings": len(model.card.findings),
            "regions": len(model.card.regions),
        }
        # Findings and regions that the card does not name cannot be told to anybody.
        self._named = [name for name in Answers._fields if self._widths.get(name) != 0]
        self._multiple = model.card.multiple
        self._smallest = _smallest_side(model.card)
        self._name = model.files.onnx.name
        self._infer, self._failures = _open(model, threads, kind, streams)

    def run(self, images: ImageBatch) -> ImageBatch:
        """Run the network on slices of one shape.

        Args:
            images: CT numbers in HU, float32 [slices, rows, cols].

        Returns:
            float32 [slices, members].

        Raises:
            WeightsError: If the network fails, or its output is not finite or not of the shape
                given by its card.
        """
        return self.answer(images).scores

    def answer(self, images: ImageBatch) -> Answers:
        """All outputs of the network for slices of one shape.

        Args:
            images: CT numbers in HU, float32 [slices, rows, cols].

        Raises:
            WeightsError: If the network fails, or returns anything but finite numbers of the
                shape that its card promises.
        """
        try:
            filled = _filled(images, self._multiple)
            outputs = self._infer(filled[:, np.newaxis])
        except self._failures as error:
            raise WeightsError(f"model {self._name} failed on {images.shape}: {error}") from error
        known = {name: outputs[name] for name in self._named if name in outputs}
        if "scores" not in known:
            raise WeightsError(f"model {self._name} must have an output 'scores', got {[*outputs]}")
        for name, values in known.items():
            self._check(name, values, filled.shape)
        if (noise := known.get("log_noise_hu")) is not None:
            rows, cols = _patches(images.shape)
            known["log_noise_hu"] = noise[:, :rows, :cols]
        return Answers(**{name: np.asarray(each, np.float32) for name, each in known.items()})

    def gives_noise_map(self) -> bool:
        """Whether the network estimates local noise; it is run once, on air."""
        air = np.full((1, self._smallest, self._smallest), AIR_HU, dtype=np.float32)
        return self.answer(air).log_noise_hu is not None

    def _check(self, name: str, values: ImageBatch, images: tuple[int, ...]) -> None:
        expected = images[:1]
        if name in self._widths:
            expected = (*expected, self._widths[name])
        elif name == "log_noise_hu":
            expected = (*expected, *_patches(images))
        if values.shape != expected or not np.isfinite(values).all():
            raise WeightsError(
                f"model {self._name} must return finite {name} of shape {expected}, "
                f"got shape {values.shape}"
            )
        largest = float(np.abs(values).max(initial=0))
        if name.startswith("log_") and largest > MOST_LOG:
            raise WeightsError(
                f"model {self._name} must return {name} within ±{MOST_LOG:g}, got {largest:g}"
            )


def _smallest_side(card: ModelCard) -> int:
    """The smallest matrix side that a network accepts, in pixels."""
    low, _ = card.matrix
    return low + -low % card.multiple


def _patches(images: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a noise map of slices of this shape."""
    _, rows, cols = images
    return -(-rows // NOISE_PATCH), -(-cols // NOISE_PATCH)


def _filled(images: ImageBatch, multiple: int) -> ImageBatch:
    """Slices padded with air below and to the right, to sides that the network accepts."""
    below, right = (-side % multiple for side in images.shape[1:])
    if not (below or right):
        return images
    return np.pad(images, ((0, 0), (0, below), (0, right)), constant_values=AIR_HU)


def choose(asked: str = "auto") -> EngineKind:
    """The engine to use: the requested one, or the fastest available.

    ``auto`` takes the engine named by the environment variable ``CTIQA_ENGINE``; else a GPU if
    the CUDA build of ONNX Runtime is installed; else OpenVINO if it is installed and the
    processor has bfloat16 instructions; else ONNX Runtime.

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
    """The requested engine, taking ``CTIQA_ENGINE`` into account; ``auto`` if none is requested.

    Unlike the search for the fastest engine, this loads none.

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
    # Asking OpenVINO itself takes as long as loading it.
    if is_installed("openvino") and not lacks_bfloat16():
        from ctiqa.score.engines.openvino_cpu import runs_bfloat16  # noqa: PLC0415 - optional, slow to load

        if runs_bfloat16():
            return "openvino"
    return "onnxruntime"


def _is_cuda_build() -> bool:
    """Whether ONNX Runtime has its CUDA library, checked without loading it."""
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
    """The network as a function, and the exceptions that it raises."""
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
