"""Devices: a CPU or a GPU, in one process or several started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ctiqa.errors import UsageError
from ctiqa.recipe.training import Precision
from ctiqa.system.processor import has_bfloat16
from ctiqa.train.batches import Batch
from ctiqa.train.setup.memory import keep_freed_memory
from ctiqa.train.setup.synced_norm import with_synced_norms

DeviceKind = Literal["auto", "cpu", "cuda"]

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Device:
    """Device of one process of a training.

    Attributes:
        torch: Device of its tensors.
        rank: Number of the process, from 0; the first one validates and writes.
        world: Number of processes.
    """

    torch: torch.device = CPU
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and logs."""
        return self.rank == 0

    def share(self, batch: Batch) -> Batch:
        """This process's part of a batch.

        Raises:
            UsageError: If the batch cannot be shared evenly.
        """
        if len(batch.number) % self.world:
            raise UsageError(
                f"'batch' must be a multiple of the {self.world} processes, got {len(batch.number)}"
            )
        return batch.part(slice(self.rank, None, self.world))

    def autocast(self, precision: Precision) -> AbstractContextManager[object]:
        """Autocast context of a network, the same in training, validation and scoring."""
        if precision == "float32" or (precision == "auto" and not self.has_bfloat16):
            return nullcontext()
        return torch.autocast(self.torch.type, dtype=torch.bfloat16)

    @property
    def has_bfloat16(self) -> bool:
        """Whether the device supports bfloat16 natively, without emulation."""
        if self.torch.type == "cuda":
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        return has_bfloat16()

    def parallel(self, model: nn.Module) -> nn.Module:
        """The network; several processes average their gradients."""
        if self.world == 1:
            return model
        # Weights may lack a gradient in some steps (a frozen backbone, an unused map).
        return DistributedDataParallel(model, find_unused_parameters=True)

    def prepared(self, model: nn.Module) -> nn.Module:
        """The network on the device; several processes normalise over their whole batch."""
        model = model if self.world == 1 else with_synced_norms(model, self.torch.type)
        on_device: nn.Module = model.to(self.torch)
        return on_device.to(memory_format=torch.channels_last)

    def wait(self) -> None:
        """Wait for all processes."""
        if self.world > 1:
            distributed.barrier()

    def agreed(self, value: bool) -> bool:
        """The value of the first process."""
        if self.world == 1:
            return value
        shared = torch.tensor([float(value)], device=self.torch)
        distributed.broadcast(shared, src=0)
        return bool(shared.item())

    def mean(self, value: Tensor) -> Tensor:
        """Mean of a number over all processes."""
        if self.world == 1:
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / self.world


@contextmanager
def device(kind: DeviceKind = "auto") -> Iterator[Device]:
    """Open the device of this process; joins other processes started by torchrun.

    Args:
        kind: ``auto`` takes a GPU if there is one.

    Raises:
        UsageError: If a GPU is requested and there is none.
    """
    world, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    gpu = torch.cuda.is_available()
    if kind == "cuda" and not gpu:
        raise UsageError("'device' must be 'cpu' or 'auto' where there is no GPU, got 'cuda'")
    where = torch.device("cuda", local) if gpu and kind != "cpu" else torch.device("cpu")
    if where.type == "cpu":
        keep_freed_memory()
    if world == 1:
        yield Device(where)
        return
    distributed.init_process_group("nccl" if where.type == "cuda" else "gloo")
    try:
        yield Device(where, distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()
