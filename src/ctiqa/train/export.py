"""From a trained student to the ONNX file that scores everywhere."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

INPUT, OUTPUTS = "hu", ("scores", "log_noise_hu")
OPSET = 18


def to_onnx(model: nn.Module) -> bytes:
    """The network as ONNX: any number of slices, any matrix.

    Args:
        model: Network of :mod:`ctiqa.models`: HU in; score vector and noise map out.

    Returns:
        Content of the ``.onnx`` file, weights included.
    """
    size = {0: torch.export.Dim("slices"), 2: torch.export.Dim("rows"), 3: torch.export.Dim("cols")}
    example = torch.zeros(2, 1, 384, 320)
    with _quiet():
        program = torch.onnx.export(
            model.eval(),
            (example,),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            dynamic_shapes=(size,),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        program.save(file, external_data=False)
        return file.read_bytes()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter talks to the terminal at length; nothing it says can be acted on."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
