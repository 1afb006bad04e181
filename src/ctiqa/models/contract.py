"""What every network promises, so that one loop trains them all."""

from __future__ import annotations

from torch import Tensor

Outputs = tuple[Tensor, Tensor | None]
"""What a network gives for HU float32 [n, 1, rows, cols].

Scores [n, outputs] on the scale of the labels, not clipped, whose mean over the outputs is the
score of a slice; and ln of the local noise in HU [n, patch rows, patch cols], or ``None`` from a
network that does not say how noisy a slice is.
"""
