"""One pass, five answers: score, equivalent noise, its map, what is wrong, what is seen.

The body is that of :mod:`ctiqa.models.stride32`. Equivalent noise is read off the map of local
noise, pooled as readers look, at the worst part, and corrected by what the map cannot show. The
score is a fixed falling function of the equivalent noise, so the two cannot contradict each other.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ctiqa.models.contract import Outputs
from ctiqa.models.stride32 import Stride32
from ctiqa.noise_scale import EXCELLENT_NOISE_HU, USELESS_NOISE_HU
from ctiqa.recipe import AnswersNetwork
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.types import SCORE_RANGE

POWER = 4.0
"""Power of the mean over the map: the worst part of a slice counts most."""


class AnswersModel(Stride32):
    """Score, equivalent noise, its map, findings and region of CT slices.

    Args:
        recipe: Size of the network; ``recipe.outputs`` members estimate the equivalent noise.

    >>> import torch
    >>> answers = AnswersModel(AnswersNetwork(outputs=2))(torch.zeros(1, 1, 256, 320))
    >>> {name: tuple(value.shape) for name, value in answers._asdict().items()}
    {'scores': (1, 2), 'noise': (1, 8, 10), 'total': (1,), 'findings': (1, 10), 'regions': (1, 7)}
    """

    def __init__(self, recipe: AnswersNetwork) -> None:
        super().__init__(recipe)
        width = recipe.stem[-1]
        self.inside = nn.Conv2d(width, 1, 1)
        # In the order of their use: the weights are read back from ONNX in that order.
        self.beyond = nn.Linear(2 * width, recipe.outputs)
        self.findings = nn.Linear(2 * width, len(FINDINGS))
        self.regions = nn.Linear(2 * width, len(REGIONS))
        # The map alone says how noisy the slice is, until the heads have learned otherwise.
        nn.init.zeros_(self.head.bias)
        nn.init.zeros_(self.beyond.weight)
        nn.init.zeros_(self.beyond.bias)
        self.beyond.requires_grad_(recipe.beyond)

    def forward(self, hu: Tensor) -> Outputs:
        """Answer for a batch.

        Args:
            hu: CT numbers in HU, float32 [n, 1, rows, cols]; rows and columns ≥ 32.

        Returns:
            Scores on the 0–4 scale, open at both ends, [n, outputs]; ln of the local noise in HU
            of every 32×32 patch [n, ceil(rows/32), ceil(cols/32)]; ln of the equivalent noise in HU
            [n]; logits of the findings [n, findings] and of the regions [n, regions].
        """
        tokens = self.tokens(hu)
        noise, pooled = _single(self.noise(tokens)[:, 0]), self.pool(tokens)
        total = self._worst(noise, _single(self.inside(tokens)[:, 0]))[:, None] + self.head(pooled)
        scores = score_of_log_noise(total) + self.beyond(pooled)
        findings, regions = self.findings(pooled), self.regions(pooled)
        return Outputs(scores, noise, total.mean(dim=1), findings, regions)

    @staticmethod
    def _worst(noise: Tensor, inside: Tensor) -> Tensor:
        """Ln of the power mean of the local noise over what the network takes for patient [n]."""
        weight = functional.logsigmoid(inside).flatten(1)
        powers = (POWER * noise.flatten(1) + weight).logsumexp(dim=1)
        return (powers - weight.logsumexp(dim=1)) / POWER


def _single(values: Tensor) -> Tensor:
    """At least single precision: sums of exponentials need it."""
    return values if values.dtype == torch.float64 else values.float()


def score_of_log_noise(log_noise_hu: Tensor) -> Tensor:
    """Score for ln of the equivalent noise in HU, open at both ends.

    >>> import torch
    >>> [round(v, 4) for v in score_of_log_noise(torch.tensor([16.0, 105.0]).log()).tolist()]
    [4.0, 0.0]
    """
    best, worst = math.log(EXCELLENT_NOISE_HU), math.log(USELESS_NOISE_HU)
    return SCORE_RANGE[1] * (worst - log_noise_hu) / (worst - best)
