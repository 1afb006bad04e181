"""The scoring network as a PyTorch module: for losses, probes, or gradient maps."""

from __future__ import annotations

import math
import os
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ctiqa.cards import ModelCard
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.onnx_weights import network_of_model
from ctiqa.models.stride32 import Stride32
from ctiqa.score.engines.engine import Engine
from ctiqa.weights import Model, load_model

TOLERANCE = 1e-3
"""Allowed difference from the outputs of the ONNX file; rounding is a hundred times smaller."""

BRIGHTNESS = (-2.0, 2.0)
"""No slice in HU is within this range, as air is -1000; an image scaled to 0-1 or -1-1 is."""


class Quality(NamedTuple):
    """Output of the network for a batch, with gradients.

    Attributes:
        score: Mean of the members [n], on the 0-4 scale; not clipped to it, unlike in
            :class:`ctiqa.Scorer`, so that gradients do not vanish there.
        members: Estimates of the head members [n, members].
        log_noise_hu: ln of the total noise in HU around every patch of 32×32 pixels
            [n, rows/32, cols/32], rounded up.
    """

    score: Tensor
    members: Tensor
    log_noise_hu: Tensor


class Answers(NamedTuple):
    """All outputs of the network for a batch, with gradients; ``None`` for those it lacks.

    Attributes:
        scores: Estimates of the head members on the 0-4 scale, not clipped [n, members].
        log_noise_hu: ln of the local noise in HU per patch of 32×32 pixels [n, rows/32, cols/32].
        log_equivalent_noise_hu: ln of the equivalent noise in HU [n].
        findings: Probability of every finding in ``card.findings`` [n, findings].
        regions: Probability of every region in ``card.regions`` [n, regions].
    """

    scores: Tensor
    log_noise_hu: Tensor
    log_equivalent_noise_hu: Tensor | None = None
    findings: Tensor | None = None
    regions: Tensor | None = None


class ScoreNetwork(nn.Module):
    """The network of a model, from HU to scores; :func:`ctiqa.torch.load` creates it.

    Its weights are frozen, so it can be used directly in a loss; gradients flow to the image. The
    network sees −1000 to 400 HU; outside this range the gradient is 0.

    Args:
        network: The network with its weights.
        card: Card of its model.
    """

    def __init__(self, network: Stride32, card: ModelCard) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.card = card

    def forward(self, hu: Tensor) -> Quality:
        """Score a batch.

        Args:
            hu: CT numbers in HU [n, 1, rows, cols], [n, rows, cols] or [rows, cols], floating
                point or integer; computed in the precision of the weights, float32 unless you
                change it. Sides are padded to multiples of 32 with air, below and to the right.

        Returns:
            Scores of the n slices; n is 1 for [rows, cols].

        Raises:
            UsageError: If the tensor has another shape, is empty, is on another device, has a
                matrix the model does not support, contains NaN or infinity, or is not in HU.
        """
        answers = self.answers(hu)
        return Quality(answers.scores.mean(dim=1), answers.scores, answers.log_noise_hu)

    def answers(self, hu: Tensor) -> Answers:
        """All answers for a batch, as the ONNX file gives them, with gradients.

        Args:
            hu: As for :meth:`forward`.

        Raises:
            UsageError: As for :meth:`forward`.
        """
        scores, noise, total, findings, regions = self.network(self._checked(hu))
        return Answers(
            scores,
            noise,
            total,
            None if findings is None else findings.sigmoid(),
            None if regions is None else regions.softmax(dim=1),
        )

    def _checked(self, hu: Tensor) -> Tensor:
        weight = self.network.head.weight
        if hu.device != weight.device:
            raise UsageError(
                f"'hu' must be where the network is, on {weight.device}, got {hu.device}; move one "
                "of them with .to(device)"
            )
        batch = self._batch(hu)
        low, high = (float(end) for end in hu.detach().aminmax())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise UsageError("'hu' must be finite, got NaN or infinity; replace padding by -1024")
        if BRIGHTNESS[0] <= low and high <= BRIGHTNESS[1]:
            raise UsageError(
                f"'hu' must be CT numbers in HU (air -1000, water 0), got {low:g} to {high:g}; "
                "undo the normalisation first, for example 1400 * p - 1000"
            )
        return batch.to(weight.dtype)

    def _batch(self, hu: Tensor) -> Tensor:
        """The slices as [n, 1, rows, cols]."""
        with_channel = hu.ndim == 4 and hu.shape[1] == 1
        if hu.is_complex() or not (hu.ndim in {2, 3} or with_channel) or hu.numel() == 0:
            raise UsageError(
                "'hu' must be real, [n, 1, rows, cols], [n, rows, cols] or [rows, cols], and not "
                f"empty, got {hu.dtype} of shape {tuple(hu.shape)}"
            )
        rows, cols = hu.shape[-2:]
        low, high = self.card.matrix
        if min(rows, cols) < low or max(rows, cols) > high:
            raise UsageError(
                f"'hu' must have {low} to {high} rows and columns for model {self.card.name!r}, "
                f"got {rows} and {cols}; crop or pad with -1000, do not resample"
            )
        return hu.reshape(-1, 1, rows, cols)


def load(name_or_path: str | os.PathLike[str] | None = None) -> ScoreNetwork:
    """Load a model as a differentiable module.

    The weights are read from the ONNX file, verified by SHA-256 on every load, and the outputs of
    the module are compared with those of ONNX Runtime before it is returned.

    Args:
        name_or_path: Name of a model, or path of an ``.onnx`` file with its ``.json`` card in the
            same folder; ``None`` for the default model.

    Returns:
        The module, on the CPU, in float32, frozen, in evaluation mode.

    Raises:
        UsageError: If there is no such model, or its network is not of a shipped kind.
        WeightsError: If a file is missing, altered, or does not match its card.

    >>> import torch
    >>> slices = torch.full((2, 256, 256), -1000.0)
    >>> slices[:, 60:200, 60:200] = 40 + 30 * torch.randn(2, 140, 140)
    >>> quality = load()(slices.requires_grad_())
    >>> quality.members.shape, quality.log_noise_hu.shape
    (torch.Size([2, 4]), torch.Size([2, 8, 8]))
    >>> quality.score.sum().backward()
    >>> slices.grad.shape
    torch.Size([2, 256, 256])
    """
    model = load_model(DEFAULT_MODEL if name_or_path is None else os.fspath(name_or_path))
    made = ScoreNetwork(network_of_model(model.card, model.network), model.card)
    _compare(made, model)
    return made


def _compare(made: ScoreNetwork, model: Model) -> None:
    """Check that the module gives the outputs of its file, head members in the same order."""
    side = made.card.matrix[0]
    noise = np.random.default_rng(0).standard_normal((1, side, side), dtype=np.float32)
    hu = np.linspace(-1000, 400, side, dtype=np.float32) + 30 * noise
    own = made.answers(torch.from_numpy(hu))
    for name, stored in Engine(model, 1).answer(hu)._asdict().items():
        # An engine leaves out findings and regions that the card does not name.
        if stored is None:
            continue
        found = np.asarray(getattr(own, name))
        if found.shape != stored.shape or not np.allclose(found, stored, rtol=0, atol=TOLERANCE):
            raise WeightsError(
                f"{model.files.onnx.name} computes something else than the network that its card "
                f"describes: {name} {stored.flat[:4]} instead of {found.flat[:4]}"
            )
