"""Interface of every network: HU slices in, score vectors out."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Outputs(NamedTuple):
    """What a network says of n slices, HU, float32 [n, 1, rows, cols]; ``None`` for what it cannot.

    Attributes:
        scores: Members [n, outputs], whose mean is the score.
        noise: ln of the local noise in HU [n, rows/32, cols/32].
        total: ln of the equivalent noise of the whole slice in HU [n].
        findings: Logits of what is wrong [n, findings].
        regions: Logits of what is seen [n, regions].
    """

    scores: Tensor
    noise: Tensor | None = None
    total: Tensor | None = None
    findings: Tensor | None = None
    regions: Tensor | None = None

    def floats(self) -> Outputs:
        """The same in single precision, in which losses are computed."""
        return Outputs(*(None if each is None else each.float() for each in self))  # type: ignore[arg-type]
