"""Export of a trained student to ONNX."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from ctiqa.models.contract import Outputs

INPUT = "hu"
OUTPUTS = ("scores", "log_noise_hu", "log_equivalent_noise_hu", "findings", "regions")
"""Names of the outputs; a network that answers less has the first of them."""

OPSET = 18

_GRADES = (0.0, 4.0)
"""Scale of ctiqa's scores."""


class Graded(nn.Module):
    """A network with its scores converted from the scale of its labels to ctiqa's, 0-4.

    Args:
        network: HU in; scores and, if it has one, a noise map out.
        scale: Worst and best label.
    """

    def __init__(self, network: nn.Module, scale: tuple[float, float]) -> None:
        super().__init__()
        self.network = network
        self.low = scale[0]
        self.grade = (scale[1] - scale[0]) / (_GRADES[1] - _GRADES[0])

    def forward(self, hu: Tensor) -> tuple[Tensor, ...]:
        """HU [n, 1, rows, cols] to grades [n, outputs] and what else the network answers.

        Findings and regions are probabilities.
        """
        answers: Outputs = self.network(hu)
        scores = answers.scores
        if (self.low, self.grade) != (0.0, 1.0):
            scores = (scores - self.low) / self.grade
        findings = None if answers.findings is None else answers.findings.sigmoid()
        regions = None if answers.regions is None else answers.regions.softmax(dim=1)
        given = (scores, answers.noise, answers.total, findings, regions)
        return tuple(each for each in given if each is not None)


def to_onnx(
    model: nn.Module,
    *,
    side: int | None = None,
    multiple: int = 1,
    scale: tuple[float, float] = _GRADES,
) -> bytes:
    """The network as ONNX, for any number of slices.

    Args:
        model: Network of :mod:`ctiqa.models`: HU in; score vector and, if it has one, a noise map
            out.
        side: Rows and columns of the input slices; ``None`` for any matrix.
        multiple: If any matrix is accepted: number that rows and columns are multiples of.
        scale: Worst and best label of the training data; exported scores are on 0-4.

    Returns:
        Content of the ``.onnx`` file, including the weights.
    """
    graded = Graded(model, scale).eval()
    example = torch.zeros(2, 1, side or 384, side or 320)
    with torch.no_grad():
        outputs = OUTPUTS[: len(graded(example))]
    return as_onnx(graded, example, INPUT, outputs, _free(side, multiple))


def as_onnx(
    module: nn.Module, example: Tensor, name: str, outputs: Sequence[str], free: dict[int, Any]
) -> bytes:
    """A module with one input as ONNX.

    Args:
        module: In evaluation mode.
        example: An input.
        name: Name of the input.
        outputs: Names of the outputs.
        free: Axes of the input whose length is not fixed.

    Returns:
        Content of the ``.onnx`` file, including the weights.
    """
    with _quiet():
        program = torch.onnx.export(
            module,
            (example,),
            input_names=[name],
            output_names=list(outputs),
            opset_version=OPSET,
            dynamic_shapes=(free,),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        program.save(file, external_data=False)
        return without_traces(file.read_bytes())


def without_traces(network: bytes) -> bytes:
    """Remove the exporter's metadata, which holds stack traces with local paths.

    Args:
        network: Content of an ``.onnx`` file.
    """
    model = onnx.load_from_string(network)
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
    del graph.metadata_props[:]
    found: bytes = model.SerializeToString()
    return found


def _free(side: int | None, multiple: int) -> dict[int, Any]:
    """Axes with dynamic length."""
    slices = {0: torch.export.Dim("slices")}
    matrix = {2: multiple * torch.export.Dim("rows"), 3: multiple * torch.export.Dim("cols")}
    return slices if side else slices | matrix


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporter's output, which is long and needs no action."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
