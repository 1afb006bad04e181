"""Interface of every network: HU slices in, score vectors out."""

from __future__ import annotations

from torch import Tensor

Outputs = tuple[Tensor, Tensor | None]
"""Scores [n, outputs], whose mean is the score, and ln of the local noise in HU [n, rows/32,
cols/32] if the network predicts it. The input is HU, float32 [n, 1, rows, cols]."""
