"""A small denoising network, as vendors' deep-learning reconstructions are, to be filtered with.

``python -m tools.train_denoiser`` trains it on pairs of clean and noisy slices of training
patients and writes the file beside this module.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.types import HuImage

if TYPE_CHECKING:
    import onnxruntime

NETWORK = Path(__file__).with_name("learned_denoiser.onnx")

SCALE_HU = 400.0
"""What the network sees is HU divided by this, and so is what it returns."""


def denoise_by_network(hu: HuImage, share: float) -> HuImage:
    """The slice with a share of the noise that the network finds taken away.

    Chen H et al. IEEE Trans Med Imaging 36(12):2524–2535, 2017 (residual networks for low-dose CT).

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        share: Share of the noise that is taken away, in [0, 1].
    """
    images = np.asarray(hu, dtype=np.float32)[np.newaxis, np.newaxis] / np.float32(SCALE_HU)
    (noise,) = _session().run(None, {"image": images})
    return np.asarray(hu - np.float32(share * SCALE_HU) * noise[0, 0], dtype=np.float32)


@lru_cache(maxsize=1)
def _session() -> onnxruntime.InferenceSession:
    import onnxruntime  # noqa: PLC0415 - slow to load

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(NETWORK, options, providers=["CPUExecutionProvider"])
