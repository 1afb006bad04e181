"""Recipe lock: a folder accepts only the recipe that first wrote into it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctiqa.data.manifest import HEADER, SHARDS
from ctiqa.errors import DataError
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.recipe import DataRecipe, differing_keys
from ctiqa.text.strict_json import read_json

LOCK_FILE = "recipe.json"
"""File with the recipe of the folder, written before its first example."""


def lock_recipe(out: Path, recipe: DataRecipe) -> None:
    """Lock a folder to one recipe before any work starts.

    Args:
        out: Folder of the data set; created if missing.
        recipe: Recipe of the data set.

    Raises:
        DataError: If the folder holds examples of another recipe; the message lists all keys that
            differ.
        OutputError: If the folder cannot be created or written to.
    """
    mine = _plain(recipe)
    theirs = _locked_recipe(out)
    if theirs is None:
        make_folder(out)
        write_bytes(out / LOCK_FILE, (json.dumps(mine, indent=1) + "\n").encode())
    elif theirs != mine:
        differing = "\n  ".join(_differences(theirs, mine)) or "it cannot be read"
        raise DataError(
            f"'{out}' holds examples made by another recipe; choose another folder or remove "
            f"this one:\n  {differing}"
        )


def recipe_digest(recipe: DataRecipe) -> str:
    """First 12 hex digits of the SHA-256 of a recipe, to distinguish examples of two recipes.

    >>> from ctiqa.recipe import CccidData
    >>> recipe_digest(CccidData()) == recipe_digest(CccidData(mode="as-published"))
    False
    """
    text = json.dumps(asdict(recipe), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(recipe: DataRecipe) -> dict[str, Any]:
    """The recipe as read back from JSON, with tuples as lists."""
    return dict(json.loads(json.dumps(asdict(recipe))))


def _locked_recipe(out: Path) -> dict[str, Any] | None:
    """The recipe a folder is locked to; empty if it holds examples without a valid lock."""
    try:
        stored = read_json(out / LOCK_FILE)
        return stored if isinstance(stored, dict) else {}
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DataError(f"'{out / LOCK_FILE}' cannot be read: {error.strerror}") from None
    except ValueError:
        return {}
    if (out / HEADER).exists() or any((out / SHARDS).glob("*.json")):
        return {}
    return None


def _differences(theirs: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    keys = differing_keys(theirs, mine) if theirs else ()
    return [f"data.{k} is {theirs.get(k)!r} there, {mine.get(k)!r} here" for k in keys]
