"""Reports are valid by the JSON Schema in the package, and what is not a report is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from tests.score.made import answered, report, scan_of, verdict, write_dicom, write_series
from tools.report_keys import PAGE, keys, page_with_table

import ctiqa
from ctiqa import Scorer, SliceRange
from ctiqa.errors import Reason
from ctiqa.score.report.as_json import REPORT_SCHEMA, report_as_dict, report_as_json
from ctiqa.score.report.schema import report_schema
from ctiqa.types import PatientPhysics, Results, Unmeasured

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:onnxruntime")

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"

RUN = {"sha256": "0" * 64, "engine": "onnxruntime"}
"""What the scorer adds to the model card."""

PHYSICS = PatientPhysics(
    noise_hu=12.0,
    quantum_noise_hu=10.0,
    missing={"ssde_mgy": Unmeasured.PHANTOM_UNKNOWN},
)


def closed(schema: Any) -> Any:
    """The schema without its openness: no key that it does not know, but for the model card's."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: each if name == "model" else closed(each) for name, each in schema.items()}
    keys_known = schema.get("properties", {})
    is_object = schema.get("type") in ("object", ["object", "null"])
    closes = is_object and keys_known and "engine" not in keys_known
    return kept | ({"additionalProperties": False} if closes else {})


def problems(content: Any, schema: dict[str, Any] | None = None) -> list[str]:
    found = Draft202012Validator(schema or report_schema()).iter_errors(content)
    return [f"{error.json_path}: {error.message}" for error in found]


def read_back(content: Results) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(report_as_json(content))
    return parsed


def complete() -> dict[str, Any]:
    """A report with every answer, an abstention, acquisition parameters and a skipped file."""
    scan = scan_of(
        verdict(2.0, 0, kernel="B40f", kvp=120.0, flags=("lossy",)),
        answered(3.5, 1, findings=("metal",), physics=PHYSICS),
        answered(None, 2, region="limb"),
    )
    skipped = [ctiqa.Skipped(Path("a.dcm"), Reason.NOT_CT, "'Modality' is MR")]
    made = report_as_dict(report(scan, skipped=skipped))
    return made | {"model": made["model"] | RUN}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(report_schema())
    assert report_schema()["properties"]["schema"] == {
        "description": "version of this format",
        "const": REPORT_SCHEMA,
    }


def test_public_by_one_name() -> None:
    assert ctiqa.report_schema() == report_schema()


def test_every_reason_has_its_code() -> None:
    reason = report_schema()["properties"]["skipped"]["items"]["properties"]["reason"]
    assert reason["enum"] == [each.value for each in Reason]


def test_the_page_is_up_to_date() -> None:
    """Otherwise: python -m tools.report_keys."""
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_table(text) == text
    assert len(list(keys(report_schema()))) > 40


def test_complete_report() -> None:
    assert problems(complete()) == []


def runs(model: Path, folder: Path) -> Iterator[Results]:
    """Reports as they are made: of the shipped model, of one that gives scores alone."""
    yield Scorer(jobs=1).score_paths(EXAMPLE, slices=SliceRange(0, 2))
    older = Scorer(model, jobs=1)
    yield older.score_paths(write_series(folder / "scan", 2))
    (folder / "notes.txt").write_text("hello")
    yield older.score_paths(folder)
    yield older.score_paths(folder / "notes.txt")
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    yield older.score_paths(write_dicom(folder / "air.dcm", air))


def test_reports_of_runs_are_valid_and_hold_no_key_beyond_it(model: Path, tmp_path: Path) -> None:
    shipped, older, mixed, skipped, air = [read_back(each) for each in runs(model, tmp_path)]
    for each in (shipped, older, mixed, skipped, air):
        assert problems(each, closed(report_schema())) == []
    assert [len(each["scans"]) for each in (shipped, older, mixed, skipped, air)] == [1, 1, 1, 0, 1]
    assert older["scans"][0]["slices"][0]["region"] is None
    assert skipped["skipped"][0]["reason"] == "unknown_format"
    assert air["scans"][0]["flags"] == ["air", "not_scored"]


def test_no_key_is_passed_over_in_silence() -> None:
    later = complete() | {"later": 1}
    assert problems(later) == []
    assert problems(later, closed(report_schema()))


def without(path: str) -> tuple[str, str]:
    return path, "absent"


BROKEN: list[tuple[str, Any]] = [
    ("schema", 2),
    ("notice", None),
    ("interrupted", "no"),
    ("model", "ctiqa-s4"),
    ("model.sha256", "abc"),
    without("model.engine"),
    ("scans", {}),
    ("scans.0.series_uid", 7),
    ("scans.0.score", 4.1),
    ("scans.0.score", -0.1),
    ("scans.0.score", "3"),
    ("scans.0.score", None),
    ("scans.0.interval", None),
    ("scans.0.interval", [1.0]),
    ("scans.0.interval", [1.0, 4.5]),
    ("scans.0.equivalent_noise_hu", -1.0),
    ("scans.0.dose_reserve", 0.0),
    ("scans.0.dose_reserve_interval", [0.1]),
    ("scans.0.equivalent_noise_interval", [0.0, 1.0]),
    ("scans.0.physics.noise_hu", "12"),
    ("scans.0.physics.missing", {"ssde_mgy": 1}),
    without("scans.0.physics.f50_per_mm"),
    ("scans.0.slices.1.dose_reserve", "0.1"),
    ("scans.0.slices.1.physics", []),
    ("scans.0.n_slices", 0),
    ("scans.0.n_judged", -1),
    ("scans.0.n_slices", 2.5),
    ("scans.0.acquisition.kvp", [120.0]),
    ("scans.0.acquisition.kernel", "B40f"),
    without("scans.0.acquisition.ctdivol_mgy"),
    ("scans.0.slices", []),
    ("scans.0.slices.0.frame", -1),
    ("scans.0.slices.0.z_mm", "0"),
    ("scans.0.slices.1.interval", None),
    ("scans.0.slices.2.interval", [1.0, 2.0]),
    ("scans.0.slices.2.score", True),
    ("scans.0.slices.2.region", 3),
    ("scans.0.slices.1.findings", None),
    without("scans.0.slices.0.flags"),
    ("scans.0.flags", ["not_scored"]),
    ("scans.0.warnings", ""),
    ("skipped.0.reason", "too_ugly"),
    without("skipped.0.detail"),
    without("skipped"),
]


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_a_broken_value_is_found(path: str, value: Any) -> None:
    content = deepcopy(complete())
    *places, last = path.split(".")
    inner: Any = content
    for place in places:
        inner = inner[int(place) if place.isdigit() else place]
    assert last in inner
    if value == "absent":
        del inner[last]
    else:
        inner[last] = value
    assert problems(content)
