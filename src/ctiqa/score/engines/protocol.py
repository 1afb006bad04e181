"""The interface of inference engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

ImageBatch = npt.NDArray[np.float32]
"""Slices [n, 1, rows, cols], or an output of the network [n, …]."""

Infer = Callable[[ImageBatch], Mapping[str, ImageBatch]]
"""From slices [n, 1, rows, cols] to outputs by name; any thread may call it."""


class Answers(NamedTuple):
    """Outputs of a network for n slices; ``None`` for what an older model does not answer.

    The names are those of the outputs in the ONNX file.

    Attributes:
        scores: Head members on the 0-4 scale, not clipped [n, members].
        log_noise_hu: ln of the local noise in HU per 32×32 patch [n, rows/32, cols/32].
        log_equivalent_noise_hu: ln of the equivalent noise in HU [n].
        findings: Probability of every finding of the card [n, findings].
        regions: Probability of every region of the card [n, regions].
    """

    scores: ImageBatch
    log_noise_hu: ImageBatch | None = None
    log_equivalent_noise_hu: ImageBatch | None = None
    findings: ImageBatch | None = None
    regions: ImageBatch | None = None


EngineKind = Literal["onnxruntime", "openvino", "cuda"]

ENGINE_KINDS: tuple[EngineKind, ...] = ("onnxruntime", "openvino", "cuda")
