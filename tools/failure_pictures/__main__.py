"""Write the failures of a model into ``docs/trust.md``, with pictures in ``docs/images/failures``.

    python -m tools.failure_pictures [--model NAME] [--data data/ctiqa-s4] [--docs docs]

Scores every example of the test patients (a few minutes on one core), chooses the worst failure of
every kind by the rules on the page, and writes its three generated passages: errors by kind of
degradation, findings, and the gallery.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tools.answer_pictures import ROOT
from tools.blocks import with_block
from tools.failure_pictures.gallery import FOLDER, gallery
from tools.failure_pictures.kinds import KINDS, Kind, choose
from tools.failure_pictures.picture import picture
from tools.failure_pictures.rates import by_degradation, by_finding
from tools.failure_pictures.said import with_verdicts

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.status import DONE, status_of
from ctiqa.data.manifest import FILTERED, Examples, read_examples
from ctiqa.errors import CtiqaError, DataError, UsageError
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.score import Scorer
from ctiqa.types import HuImage
from ctiqa.weights import load_model

PAGE = "trust.md"
BEGIN, END = "<!-- failures {}: python -m tools.failure_pictures -->", "<!-- /failures {} -->"

Row = Mapping[str, Any]


def main() -> None:
    """Find the failures, draw them and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL, help="name, or path of an .onnx file")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "ctiqa-s4")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    try:
        write(options.model, options.data, options.docs)
    except CtiqaError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(status_of(error)) from None
    raise SystemExit(DONE)


def write(name: str, data: Path, docs: Path) -> None:
    """Find the failures, draw them and write the page.

    Raises:
        CtiqaError: If the model or the data set cannot be read, or does not have what it takes.
    """
    model = load_model(name)
    if not model.card.findings or not model.card.regions:
        raise UsageError(
            f"'--model' must answer findings and a region, {name!r} gives scores alone"
        )
    examples = tested(read_examples(data))
    table = with_verdicts(Scorer(name, jobs=1, engine="onnxruntime"), examples)
    chosen = choose(table, KINDS)
    pictures = {
        kind.file: _drawn(kind, row, Examples(data, table))
        for kind in KINDS
        if (row := chosen[kind.title]) is not None
    }
    passages = {
        "by degradation": by_degradation(table),
        "by finding": by_finding(table),
        "in pictures": f"{made_with(model.facts)}\n\n{gallery(KINDS, chosen)}",
    }
    _write_pictures(docs / FOLDER, pictures)
    text = (docs / PAGE).read_text(encoding="utf-8")
    write_bytes(docs / PAGE, with_passages(text, passages).encode())


def tested(examples: Examples) -> Examples:
    """The examples of test patients, those that all filters are tried on included.

    Raises:
        DataError: If the data set does not say what is wrong with them, or what they show.
    """
    known = examples.findings() is not None and examples.regions() is not None
    wanted = pl.col("purpose").is_in(["example", FILTERED]) & (pl.col("split") == "test")
    found = examples.table.filter(wanted)
    if not known or found.is_empty():
        raise DataError(
            f"'{examples.folder}' must hold test examples, and know what is wrong with them and "
            "what they show; prepare it with recipes/ctiqa-s4.toml"
        )
    return Examples(examples.folder, found)


def with_passages(text: str, passages: Mapping[str, str]) -> str:
    """The page with its generated passages replaced."""
    for name, passage in passages.items():
        text = with_block(text, BEGIN.format(name), END.format(name), passage)
    return text


def made_with(facts: Row) -> str:
    """Which network the failures are of."""
    return f"The model is `{facts['name']}`, sha256 `{facts['sha256'][:12]}`."


def _drawn(kind: Kind, row: Row, examples: Examples) -> bytes:
    """The slice, and what is shown beside it."""
    of_slice = examples.table.filter(pl.col("shard") == row["shard"])
    shown = _image(examples.folder, of_slice.filter(pl.col("row") == row["row"]))
    if not kind.right_of(row):
        return picture(shown)
    plain = of_slice.filter(pl.col("row") == row.get("row_plain", 0))
    return picture(shown, _image(examples.folder, plain))


def _image(folder: Path, table: pl.DataFrame) -> HuImage:
    """CT numbers of an example."""
    return np.asarray(Examples(folder, table).images()[0], dtype=np.float32)


def _write_pictures(folder: Path, pictures: Mapping[str, bytes]) -> None:
    """Write the pictures, and remove those of earlier runs."""
    make_folder(folder)
    for name, data in pictures.items():
        write_bytes(folder / name, data)
    for old in folder.glob("*.webp"):
        if old.name not in pictures:
            old.unlink()


if __name__ == "__main__":
    main()
