"""Natural images with opinion scores: KADID-10k, or any table of (image, score, spread).

Lin H, Hosu V, Saupe D. KADID-10k: a large-scale artificially distorted IQA database. QoMEX, 2019.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data.label_scale import format_label_scale
from ctiqa.data.score_tables import ScoreRow, cell_number, read_table
from ctiqa.data.sources.scored_images import (
    ScoredImage,
    ScoredTask,
    pixel_crc,
    scored_tasks,
    split_or_raise,
)
from ctiqa.recipe import Kadid10kData

IMAGES = "images"
"""Folder of the images next to the table; without it, the images lie next to the table."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")

_PUBLISHED = "dmos.csv"


def plan(root: Path, recipe: Kadid10kData) -> list[ScoredTask]:
    """Plan every scored image; all versions of one reference image stay in one split.

    Raises:
        DataError: If the table or the images have problems; the message lists all of them.
    """
    file = root / recipe.table
    columns = (
        recipe.image_column,
        recipe.score_column,
        recipe.spread_column,
        recipe.reference_column,
    )
    rows, problems = read_table(file, [c for c in columns if c])
    folder = file.parent / IMAGES
    folder = folder if folder.is_dir() else file.parent
    problems += _duplicates(rows, recipe.image_column) + _extra(rows, folder, recipe)
    images = []
    for row in rows:
        image, found = _scored_image(row, folder, recipe)
        problems += found
        images += [image] if image else []
    patients = list(dict.fromkeys(_reference(row, recipe) for row in rows))
    places = split_or_raise(root, patients, recipe, problems)
    return scored_tasks(images, places, kind="rgb", read=read_rgb, facts=_facts(recipe))


def read_rgb(file: Path) -> npt.NDArray[np.uint8]:
    """Pixels of a natural image, uint8 [rows, cols, 3].

    Raises:
        OSError: If it cannot be read.
    """
    from PIL import Image  # noqa: PLC0415 - optional

    try:
        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OSError(str(error)) from None


def _scored_image(
    row: ScoreRow, folder: Path, recipe: Kadid10kData
) -> tuple[ScoredImage | None, list[str]]:
    """The image of a line (``None`` if unreadable), and the problems of both."""
    low, high = recipe.score_range
    score, problems = cell_number(row, recipe.score_column, (low, high))
    spread, more = cell_number(row, recipe.spread_column, (0, math.inf))
    problems += more
    name = row.cells.get(recipe.image_column)
    if not name:
        return None, problems
    try:
        pixels = read_rgb(folder / name)
    except FileNotFoundError:
        return None, [*problems, f"{row.where}: no file {name}; add it or remove the line"]
    except OSError as error:
        return None, [*problems, f"{row.where}: {name} cannot be read ({error}); replace it"]
    record = {
        "patient": _reference(row, recipe),
        "region": "natural",
        "file": name,
        "label": score,
        "raw": score,
        "label_scale": format_label_scale(recipe.score_range),
        **({"label_spread": spread} if recipe.spread_column else {}),
    }
    return ScoredImage(folder / name, pixels.shape, pixel_crc(pixels), record), problems


def _reference(row: ScoreRow, recipe: Kadid10kData) -> str:
    """The reference image of a line; the image itself if none is stated."""
    return row.cells.get(recipe.reference_column or recipe.image_column, "")


def _duplicates(rows: Sequence[ScoreRow], column: str) -> list[str]:
    first: dict[str, str] = {}
    problems = []
    for row in rows:
        name = row.cells.get(column, "")
        if name and first.setdefault(name, row.where) != row.where:
            problems.append(f"{row.where}: {name} already occurs in {first[name]}; remove one")
    return problems


def _extra(rows: Sequence[ScoreRow], folder: Path, recipe: Kadid10kData) -> list[str]:
    """Problems: images without a score that are not a reference image."""
    columns = (recipe.image_column, recipe.reference_column)
    known = {row.cells.get(column, "") for row in rows for column in columns}
    return [
        f"{name}: is not in {recipe.table}; add a line or remove the file"
        for name in _images(folder)
        if name not in known
    ]


def _images(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            yield file.relative_to(folder).as_posix()


def _facts(recipe: Kadid10kData) -> dict[str, Any]:
    origin = "KADID-10k" if recipe.table == _PUBLISHED else "the user's own"
    return {"source": "kadid10k", "origin": origin, "licence": "as its publisher states"}
