"""A tiny trained network and its ONNX file, made once."""

from __future__ import annotations

import functools

import torch
from tests.train.tiny import NETWORK

from ctiqa.models import Stride32
from ctiqa.train.export import to_onnx


@functools.cache
def tiny_network() -> tuple[Stride32, bytes]:
    """A network whose normalisation has seen slices, in torch and in ONNX."""
    torch.manual_seed(3)
    model = Stride32(NETWORK)
    for _ in range(3):
        model(torch.randn(4, 1, 128, 128) * 300 - 200)
    return model.eval(), to_onnx(model)
