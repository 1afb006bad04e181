from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ctiqa.calibration.file import Calibration, calibration_from
from ctiqa.errors import DataError, OutputError, UsageError

FACTS: dict[str, Any] = {
    "schema": 1,
    "what": "ctiqa calibration",
    "name": "mine",
    "model": {"name": "tiny", "version": "1.0", "sha256": "ab" * 32},
    "cases": 24,
    "readers": 3,
    "map": {"open_scores": [0, 4], "scores": [1, 3.5], "covered": [0.5, 3.5]},
    "interval": {"level": 0.9, "half_width": 0.6},
}
"""The least that a file holds."""


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = calibration_from(FACTS)
    made.write(tmp_path / "c.json")
    read = Calibration.read(tmp_path / "c.json")
    assert read == made
    assert read.curve([2.0]).tolist() == [2.25]
    assert (read.name, read.model, read.covered, read.half_width) == (
        "mine",
        "tiny",
        (0.5, 3.5),
        0.6,
    )


def test_reports_name_the_file(tmp_path: Path) -> None:
    calibration_from(FACTS).write(tmp_path / "c.json")
    digest = hashlib.sha256((tmp_path / "c.json").read_bytes()).hexdigest()
    assert Calibration.read(tmp_path / "c.json").summary == {
        "name": "mine",
        "sha256": digest,
        "cases": 24,
        "readers": 3,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"what": "model card"}, "must be a calibration"),
        ({"schema": 2}, "must have schema 1, got 2"),
        ({"name": " "}, "'name' must be a text"),
        ({"model": {"name": "tiny"}}, "'model' must be an object with 'name' and 'sha256'"),
        ({"cases": True}, "'cases' must be >= 1"),
        ({"readers": 0}, "'readers' must be >= 1, got 0"),
        ({"map": None}, "strictly increase"),
        ({"map": FACTS["map"] | {"scores": [3, 3]}}, "strictly increase"),
        ({"map": FACTS["map"] | {"scores": [0, "4"]}}, "strictly increase"),
        ({"map": FACTS["map"] | {"covered": [3, 2]}}, "'covered'"),
        ({"interval": {"half_width": -1}}, "'half_width' >= 0"),
    ],
)
def test_what_breaks_a_rule(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps(FACTS | changes))
    with pytest.raises(DataError) as error:
        Calibration.read(file)
    assert message in str(error.value)
    assert "'ctiqa calibrate'" in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"schema": NaN}'])
def test_what_is_no_file_of_ours(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(text)
    with pytest.raises(DataError, match=r"must be a (JSON file|calibration)"):
        Calibration.read(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'calibration' must be a readable file"):
        Calibration.read(tmp_path / "none.json")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must be writable"):
        calibration_from(FACTS).write(tmp_path / "none" / "c.json")
