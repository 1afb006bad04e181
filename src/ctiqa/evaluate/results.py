"""Writes an evaluation: DistilIQA's two tables, metrics.json and the page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa import __version__
from ctiqa.errors import OutputError, UsageError
from ctiqa.evaluate.evaluation import Evaluation, Measured
from ctiqa.evaluate.evaluation_page import evaluation_page
from ctiqa.evaluate.files import Cell, write_accumulate_metrics, write_eval_info
from ctiqa.evaluate.labelled import Labelled
from ctiqa.io.atomic import write_bytes
from ctiqa.metrics.agreement import agreement

SCHEMA = 1
"""Version of the layout of metrics.json."""

METRICS = "metrics.json"
PAGE = "index.html"

DIGITS = 6
"""Decimals of the figures in metrics.json."""

TOLD = ("region", "scanner_kernel", "dose", "views")
"""Columns of the manifest that eval_info.csv repeats."""


def check_folder(out: Path) -> None:
    """Refuse a place that results cannot go to, before any work is done.

    Raises:
        UsageError: If it is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"'out' must be a folder, got the file '{out}'")


def write_results(
    evaluation: Evaluation, out: Path, command: str, created: datetime | None = None
) -> None:
    """Write everything.

    Args:
        evaluation: What was found.
        out: Folder; made if need be. With several models the CSV tables of each lie in a folder
            of its name.
        command: The command that made it.
        created: Time written into it; now where none is given.

    Raises:
        OutputError: If something cannot be written.
    """
    when = created or datetime.now().astimezone()
    folders = table_folders(out, [each.predictor.name for each in evaluation.models])
    for folder, model in zip(folders, evaluation.models, strict=True):
        _make(folder)
        _write_tables(folder, model, evaluation.labelled)
    facts = {
        "schema": SCHEMA,
        "ctiqa": __version__,
        "created": when.isoformat(timespec="seconds"),
        "command": command,
        **evaluation.as_dict(),
    }
    text = json.dumps(short(facts), indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(out / METRICS, f"{text}\n".encode())
    write_bytes(out / PAGE, evaluation_page(evaluation, command, when))


def table_folders(out: Path, names: Sequence[str]) -> list[Path]:
    """Where the tables of each model go.

    >>> [folder.name for folder in table_folders(Path("out"), ["run", "run:teacher"])]
    ['run', 'run-teacher']
    """
    if len(names) == 1:
        return [out]
    slugs: list[str] = []
    for name in names:
        slug = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
        taken = sum(re.sub(r"~\d+$", "", other) == slug for other in slugs)
        slugs.append(f"{slug}~{taken + 1}" if taken else slug)
    return [out / slug for slug in slugs]


def short(value: Any) -> Any:
    """The same with rounded figures, and ``None`` for what is not a finite number.

    >>> short({"a": [0.12345678, float("nan")]})
    {'a': [0.123457, None]}
    """
    if isinstance(value, dict):
        return {key: short(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [short(each) for each in value]
    if isinstance(value, float):
        return round(value, DIGITS) if np.isfinite(value) else None
    return value


def _write_tables(folder: Path, model: Measured, labelled: Labelled) -> None:
    table = labelled.examples.table
    further: dict[str, Sequence[Cell]] = {
        "patient_id": [str(name) for name in labelled.patient.tolist()],
        "error": (model.score - labelled.label).tolist(),
        "as_given": model.scores.score.tolist(),
        "spread": model.scores.spread.tolist(),
    }
    for column in TOLD:
        if column in table.columns:
            further[column] = ["" if v is None else _cell(v) for v in table[column].to_list()]
    write_eval_info(folder, labelled.ids, labelled.label, model.score, further=further)
    write_accumulate_metrics(folder, agreement(model.score, labelled.label))


def _cell(value: object) -> Cell:
    return float(value) if isinstance(value, int | float) else str(value)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"'{folder}' cannot be made: {error.strerror}") from error
