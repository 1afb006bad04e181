"""Make a labelled data set from clean slices: resumable, slice by slice, on all cores."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data import labels
from ctiqa.data.degrade import Degradation, apply, draw
from ctiqa.data.manifest import MANIFEST, SHARDS
from ctiqa.data.references import Series, kernel_of, read_index
from ctiqa.data.scene import Scene, make_scene
from ctiqa.data.splits import Place, split_patients
from ctiqa.errors import DataError
from ctiqa.physics import change_kernel
from ctiqa.physics.kernels import SHARP, SOFT, Kernel
from ctiqa.recipe import DataRecipe
from ctiqa.types import HuImage

DOSE_LADDER = (1.0, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02)
"""Doses at which held-out slices are made besides, to see whether the score follows."""

SHARPER = Degradation(kernel_half_per_mm=0.6, kernel_boost=1.0)
"""A sharper reconstruction of the same slice, which must score lower."""


@dataclass(frozen=True, slots=True)
class Task:
    """One slice to degrade: the unit of work and of resumption."""

    series: Series
    index: int
    variant: str
    place: Place
    recipe: DataRecipe

    @property
    def name(self) -> str:
        """File-safe name, unique within a data set."""
        return f"{self.series.name}-{self.index:03d}-{self.variant}"

    def rng(self) -> np.random.Generator:
        """Generator that depends on the recipe's seed and the slice alone."""
        digest = hashlib.sha256(f"{self.recipe.seed}/{self.name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def plan(root: Path, recipe: DataRecipe) -> list[Task]:
    """Every slice that a recipe asks for.

    A sharp-kernel slice comes twice: as it is, and softened into a usable soft-tissue reference.

    Raises:
        DataError: If the collection or the split breaks a rule.
    """
    series = read_index(root)
    places = split_patients({s.patient: s.region for s in series}, recipe)
    return [
        Task(s, index, variant, places[s.patient], recipe)
        for s in series
        for index in s.chosen(recipe.most_slices)
        for variant in (("native", "soft") if kernel_of(s.kernel) == SHARP else ("native",))
    ]


def prepare(
    root: Path,
    out: Path,
    recipe: DataRecipe,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Make (or finish making) a data set.

    Work that is already there is kept: killing this at any moment and calling it again ends in
    the same manifest.

    Args:
        root: Collection of clean slices (see :func:`ctiqa.data.references.read_index`).
        out: Folder of the data set.
        recipe: What to make.
        jobs: Worker processes.
        progress: Told (slices done, slices in all).

    Returns:
        The manifest file.

    Raises:
        DataError: If the collection breaks a rule, or the folder holds slices of another recipe
            (their patients may be split differently); nothing is written then.
    """
    tasks = plan(root, recipe)
    shards = out / SHARDS
    shards.mkdir(parents=True, exist_ok=True)
    there = [(shards / f"{t.name}.json").exists() for t in tasks]
    _check_finished([t for t, finished in zip(tasks, there, strict=True) if finished], shards)
    todo = [t for t, finished in zip(tasks, there, strict=True) if not finished]
    for done, _ in enumerate(_run(todo, shards, jobs), start=len(tasks) - len(todo) + 1):
        if progress:
            progress(done, len(tasks))
    return _write_manifest(tasks, out)


def _check_finished(tasks: Sequence[Task], shards: Path) -> None:
    strangers = [t.name for t in tasks if not _fits(t, _records(t, shards))]
    if strangers:
        shown = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
        raise DataError(
            f"'{shards}' holds {len(strangers)} slices made by another recipe ({shown}); "
            "remove the folder or choose another one"
        )


def _fits(task: Task, records: Sequence[dict[str, Any]]) -> bool:
    """Whether records are what the recipe would make; none were made of a slice without tissue."""
    recipe, place = task.recipe, task.place
    held_out = recipe.held_out_examples + len(DOSE_LADDER) + 1
    expected = recipe.train_examples if place.split == "train" else held_out
    places = {(r["split"], r["fold"]) for r in records}
    return not records or (len(records) == expected and places == {(place.split, place.fold)})


def _records(task: Task, shards: Path) -> list[dict[str, Any]]:
    file = shards / f"{task.name}.json"
    try:
        return list(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise DataError(f"'{file}' is not a list of examples ({error}); remove it") from None


def _run(tasks: Sequence[Task], shards: Path, jobs: int) -> Iterator[None]:
    if jobs <= 1:
        for task in tasks:
            make_shard(task, shards)
            yield
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        for future in as_completed([pool.submit(make_shard, task, shards) for task in tasks]):
            future.result()
            yield
    finally:
        # After an error or Ctrl-C nobody waits for slices that have not been begun.
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Each worker is one core's, and ends when the process that started it is killed."""
    if (parent := parent_process()) is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    try:
        import numba  # noqa: PLC0415 - optional
    except ImportError:
        return
    numba.set_num_threads(1)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def make_shard(task: Task, shards: Path) -> None:
    """Degrade and label one slice; its ``.json`` is written last and says that it is whole."""
    rng = task.rng()
    scene = _scene(task, rng)
    records: list[dict[str, Any]] = []
    images: list[npt.NDArray[np.int16]] = []
    maps: list[npt.NDArray[np.float16]] = []
    if np.isfinite(scene.own_noise_hu) and scene.mask.any():
        ladder = labels.make_ladder(scene, rng)
        for purpose, degradation in _degradations(task, scene, rng):
            image = apply(scene, degradation)
            images.append(np.round(image).astype(np.int16))
            maps.append(_noise_map(image, scene))
            record = _record(
                task,
                scene,
                ladder,
                image,
                purpose=purpose,
                degradation=degradation,
                row=len(records),
            )
            records.append(record)
    shape = scene.hu.shape
    _save(shards / f"{task.name}.hu.npy", np.array(images, np.int16).reshape(-1, *shape))
    _save(shards / f"{task.name}.map.npy", np.array(maps, np.float16))
    _replace(shards / f"{task.name}.json", json.dumps(records).encode())


def _scene(task: Task, rng: np.random.Generator) -> Scene:
    volume, spacing = task.series.read()
    hu, kernel = volume[task.index], kernel_of(task.series.kernel)
    if task.variant == "soft":
        hu, kernel = _softened(hu, spacing, kernel)
    return make_scene(hu, spacing, kernel, rng, draws=task.recipe.draws)


def _softened(hu: HuImage, spacing: tuple[float, float], kernel: Kernel) -> tuple[HuImage, Kernel]:
    return np.maximum(change_kernel(hu, spacing, kernel, SOFT), np.float32(-1024)), SOFT


def _degradations(
    task: Task, scene: Scene, rng: np.random.Generator
) -> Iterator[tuple[str, Degradation]]:
    """The slice as it is, random ones, and for held-out patients the ladder and a kernel pair."""
    yield "example", Degradation(seed=int(rng.integers(2**31)))
    training = task.place.split == "train"
    count = task.recipe.train_examples if training else task.recipe.held_out_examples
    for _ in range(count - 1):
        yield "example", draw(scene, rng)
    if not training:
        for dose in DOSE_LADDER:
            yield "ladder", Degradation(dose=dose, seed=int(rng.integers(2**31)))
        yield "sharper", SHARPER


def _noise_map(image: HuImage, scene: Scene) -> npt.NDArray[np.float16]:
    errors = labels.token_errors(image, scene.hu, scene.mask)
    return np.log(np.hypot(errors, np.float32(scene.own_noise_hu))).astype(np.float16)


def _record(
    task: Task,
    scene: Scene,
    ladder: labels.Ladder,
    image: HuImage,
    *,
    purpose: str,
    degradation: Degradation,
    row: int,
) -> dict[str, Any]:
    found = labels.losses(image, scene.hu, scene.mask)
    total = ladder.total_noise(found)
    raw = labels.score_of_noise(total)
    return {
        "id": f"{task.name}-{row:03d}",
        "shard": task.name,
        "row": row,
        "purpose": purpose,
        "patient": task.series.patient,
        "region": task.series.region,
        "scanner_kernel": task.series.kernel,
        "variant": task.variant,
        "split": task.place.split,
        "fold": task.place.fold,
        "label": labels.clip_score(raw),
        "raw": raw,
        "total_noise_hu": total,
        "own_noise_hu": scene.own_noise_hu,
        **{f"loss_{k}": float(v) for k, v in enumerate(found)},
        **degradation.as_dict(),
    }


def _write_manifest(tasks: Sequence[Task], out: Path) -> Path:
    import polars as pl  # noqa: PLC0415 - optional

    records = [
        {**record, "origin": task.series.origin, "licence": task.series.licence}
        for task in tasks
        for record in _records(task, out / SHARDS)
    ]
    data = io.BytesIO()
    pl.DataFrame(records, infer_schema_length=None).write_parquet(data)
    file = out / MANIFEST
    if not (file.exists() and file.read_bytes() == data.getvalue()):
        _replace(file, data.getvalue())
    return file


def _save(file: Path, array: npt.NDArray[np.generic]) -> None:
    temporary = file.with_suffix(".tmp")
    with temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    temporary.replace(file)


def _replace(file: Path, data: bytes) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.write_bytes(data)
    temporary.replace(file)
