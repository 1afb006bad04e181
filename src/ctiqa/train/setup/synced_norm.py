"""Batch normalisation over all processes, also on the CPU (torch's own needs a GPU)."""

from __future__ import annotations

from importlib import import_module

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce


class SyncedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation with mean and variance over the batch of all processes.

    Ioffe and Szegedy, ICML 2015; running statistics are kept as in the paper.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [n, channels, rows, cols]; outside training like plain batch normalisation."""
        if not (self.training and distributed.is_initialized()):
            return super().forward(x)
        wide = x.float()
        sums = torch.cat([wide.sum(dim=(0, 2, 3)), wide.square().sum(dim=(0, 2, 3))])
        count = x.numel() // x.shape[1] * distributed.get_world_size()
        total: Tensor = all_reduce(sums)  # type: ignore[no-untyped-call]
        mean, square = (total / count).chunk(2)
        variance = (square - mean.square()).clamp(min=0)
        self._remember(mean.detach(), variance.detach() * (count / max(count - 1, 1)))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        normalised: Tensor = wide * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)
        return normalised.to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


def with_synced_norms(model: nn.Module, kind: str) -> nn.Module:
    """The network, with batch normalisation over all processes.

    On the CPU only plain batch normalisation is replaced; layers that a library has fused with an
    activation stay local to their process.

    Args:
        model: Network, changed in place.
        kind: Type of the device, ``cpu`` or ``cuda``.
    """
    if kind == "cuda":
        synced: nn.Module = import_module("timm.layers").convert_sync_batchnorm(model)
        return synced
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, _synced(child))
    return model


def _synced(norm: nn.BatchNorm2d) -> SyncedBatchNorm2d:
    synced = SyncedBatchNorm2d(norm.num_features, norm.eps, norm.momentum)
    synced.load_state_dict(norm.state_dict())
    return synced
