"""The unit of work in preparing a data set: one source slice and all examples made from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ctiqa.data.splits import Place
from ctiqa.io.atomic import make_folder, replace_file, write_bytes

Array = npt.NDArray[np.generic]

Writer = Callable[[Path], None]
"""Writes one file atomically into an existing folder."""


@dataclass(frozen=True)
class TaskOutput:
    """Output of a task.

    Attributes:
        records: One record per example, without ``id``, ``shard``, ``row`` and ``checksum``.
        arrays: Arrays by kind, [examples, …]; ``hu`` (int16, HU) or ``rgb`` (uint8) always.
        files: Writers of accompanying files, by path relative to the folder of the data set.
    """

    records: list[dict[str, Any]]
    arrays: dict[str, Array] = field(default_factory=dict)
    files: Mapping[str, Writer] = field(default_factory=dict)


class Task(Protocol):
    """A task planned by a source and executed by the runner; must be picklable."""

    @property
    def name(self) -> str:
        """File-safe name, unique within a data set."""

    @property
    def place(self) -> Place:
        """Split and fold of the patient."""

    @property
    def examples(self) -> int:
        """Number of examples at most; a task may also produce none."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts shared by all its examples (origin, licence, …), for the manifest."""

    def make(self) -> TaskOutput:
        """Produce the examples."""


def task_rng(seed: int, name: str) -> np.random.Generator:
    """Random generator that depends only on the seed of the recipe and the name of the task."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def write_shard(task: Task, shards: Path) -> None:
    """Run a task and store its output; the ``.json`` is written last and marks it as complete."""
    made = task.make()
    pixels = next((made.arrays[kind] for kind in ("hu", "rgb") if kind in made.arrays), None)
    records = [
        {
            "id": f"{task.name}-{row:03d}",
            "shard": task.name,
            "row": row,
            **record,
            "split": task.place.split,
            "fold": task.place.fold,
            "checksum": checksum(pixels[row]) if pixels is not None else "",
        }
        for row, record in enumerate(made.records)
    ]
    for kind, array in made.arrays.items():
        _save(shards / f"{task.name}.{kind}.npy", array)
    for path, write in made.files.items():
        file = shards.parent / path
        make_folder(file.parent)
        write(file)
    write_bytes(record_file(task, shards), json.dumps(records).encode())


def record_file(task: Task, shards: Path) -> Path:
    """The file whose existence marks a task as complete."""
    return shards / f"{task.name}.json"


def checksum(pixels: Array) -> str:
    """First 16 hex digits of the SHA-256 of pixels and their shape.

    >>> checksum(np.zeros((2, 2), np.int16)) == checksum(np.zeros((4, 1), np.int16))
    False
    """
    digest = hashlib.sha256(str(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()[:16]


def _save(file: Path, array: Array) -> None:
    with replace_file(file) as stream:
        np.save(stream, array, allow_pickle=False)
