"""Writes an evaluation: DistilIQA's two tables, metrics.json and the page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.evaluate.dataset import ids_of
from ctiqa.evaluate.evaluation import Evaluation, ModelEvaluation
from ctiqa.evaluate.report.distiliqa_csv import Cell, write_accumulate_metrics, write_eval_info
from ctiqa.evaluate.report.page import evaluation_page
from ctiqa.evaluate.scan_scores import ScanAgreement
from ctiqa.evaluate.statistics import Estimates, Part
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.metrics.agreement.bootstrap import LEVEL, RESAMPLES
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.version import __version__

RESULTS_SCHEMA = 3
"""Version of the layout of metrics.json."""

METRICS = "metrics.json"
PAGE = "index.html"

DIGITS = 6
"""Decimals in metrics.json."""

MANIFEST_COLUMNS = ("region", "scanner_kernel", "dose", "views")
"""Columns of the manifest that are copied to eval_info.csv."""


def write_results(
    evaluation: Evaluation, out: Path, command: str, created: datetime | None = None
) -> None:
    """Write all results.

    Args:
        evaluation: The evaluation.
        out: Folder, created if necessary. With several models the CSV tables of each are in a
            subfolder with its name.
        command: Command that was run.
        created: Time of the evaluation; now if not given.

    Raises:
        OutputError: If something cannot be written.
    """
    when = created or datetime.now().astimezone()
    folders = table_folders(out, [each.predictor.name for each in evaluation.models])
    for folder, model in zip(folders, evaluation.models, strict=True):
        make_folder(folder)
        _write_tables(folder, model)
    facts = {
        "schema": RESULTS_SCHEMA,
        "ctiqa": __version__,
        "created": when.isoformat(timespec="seconds"),
        "command": command,
        **facts_of(evaluation),
    }
    text = json.dumps(rounded_facts(facts), indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(out / METRICS, f"{text}\n".encode())
    write_bytes(out / PAGE, evaluation_page(evaluation, command, when))


def table_folders(out: Path, names: Sequence[str]) -> list[Path]:
    """Folder for the tables of each model.

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


def rounded_facts(value: Any) -> Any:
    """Values with rounded numbers, and ``None`` for numbers that are not finite.

    >>> rounded_facts({"a": [0.12345678, float("nan")]})
    {'a': [0.123457, None]}
    """
    if isinstance(value, dict):
        return {key: rounded_facts(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded_facts(each) for each in value]
    if isinstance(value, float):
        return round(value, DIGITS) if np.isfinite(value) else None
    return value


def facts_of(evaluation: Evaluation) -> dict[str, Any]:
    """All results, for a file."""
    labelled = evaluation.labelled
    return {
        "data": {
            "folder": labelled.examples.folder.resolve().name,
            "content_sha256": labelled.content,
            "split": labelled.split,
            "examples": len(labelled.examples),
            "patients": labelled.patients,
            "left_out_patients": list(labelled.left_out),
            "scale": labelled.scale.as_list(),
            "label_step": labelled.step,
        },
        "protocol": {
            "interval": LEVEL,
            "resamples": RESAMPLES,
            "resampled": "patients",
            "rounding_step": evaluation.step,
            "main": "rounded" if evaluation.options.round else "as_given",
        },
        "notes": list(evaluation.notes),
        "models": [_model_dict(each) for each in evaluation.models],
        "differences": [asdict(each) for each in evaluation.differences],
        "readers": None if evaluation.readers is None else asdict(evaluation.readers),
    }


def _write_tables(folder: Path, model: ModelEvaluation) -> None:
    given, main = model.scored, model.main
    table = given.examples.table
    further: dict[str, Sequence[Cell]] = {
        "patient_id": [str(name) for name in given.patient.tolist()],
        "error": (main.score - main.label).tolist(),
        "as_given": given.score.tolist(),
        "clipped": given.clipped.score.tolist(),
        "spread": given.spread.tolist(),
    }
    for column in MANIFEST_COLUMNS:
        if column in table.columns:
            further[column] = ["" if v is None else _cell(v) for v in table[column].to_list()]
    write_eval_info(folder, ids_of(table), main.label, main.score, further=further)
    write_accumulate_metrics(folder, agreement(main.score, main.label))


def _cell(value: object) -> Cell:
    return float(value) if isinstance(value, int | float) else str(value)


def _model_dict(model: ModelEvaluation) -> dict[str, Any]:
    predictor = model.predictor
    return {
        "name": predictor.name,
        "kind": predictor.kind,
        "facts": dict(predictor.facts),
        "trained_on_sha256": predictor.trained_on,
        "as_given": _estimates_dict(model.given),
        "clipped": _estimates_dict(model.clipped),
        "beyond_scale": model.scored.beyond,
        "rounded": _estimates_dict(model.rounded),
        "plcc_logistic": asdict(model.mapping),
        "interval_coverage": model.coverage,
        "bands": [_part_dict(part) for part in model.bands],
        "parts": {
            column: [_part_dict(part) for part in parts] for column, parts in model.parts.items()
        },
        "scans": _scans_dict(model.scans),
        "answers": dict(model.answers) or None,
        "properties": None if model.robustness is None else model.robustness.as_dict(),
    }


def _scans_dict(scans: ScanAgreement) -> dict[str, Any]:
    estimates = scans.estimates or {}
    return {
        "scans": scans.scans,
        "slices": scans.slices,
        "patients": scans.patients,
        "why_not": scans.why_not or None,
        "aggregations": {by: _estimates_dict(each) for by, each in estimates.items()},
    }


def _part_dict(part: Part) -> dict[str, Any]:
    counts = {"name": part.name, "n": part.n, "patients": part.patients}
    return counts | _estimates_dict(part.estimates)


def _estimates_dict(estimates: Estimates) -> dict[str, Any]:
    return {name: asdict(estimate) for name, estimate in estimates.items()}
