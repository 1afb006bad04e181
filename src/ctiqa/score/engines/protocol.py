"""The interface of inference engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

ImageBatch = npt.NDArray[np.float32]
"""Slices [n, 1, rows, cols], or outputs of the network [n, members]."""

Infer = Callable[[ImageBatch], ImageBatch]
"""From slices [n, 1, rows, cols] to members [n, members]; any thread may call it."""

EngineKind = Literal["onnxruntime", "openvino", "cuda"]

ENGINE_KINDS: tuple[EngineKind, ...] = ("onnxruntime", "openvino", "cuda")
