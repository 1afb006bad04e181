from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.score.made import answered, report, scan_of, scan_score, skip

from ctiqa.errors import Reason
from ctiqa.score.report.as_json import report_as_json
from ctiqa.types import PatientPhysics, Results, Skipped, Unmeasured


def parsed(content: Results) -> dict[str, Any]:
    def refuse(token: str) -> None:
        raise AssertionError(token)

    result: dict[str, Any] = json.loads(report_as_json(content), parse_constant=refuse)
    return result


def test_contract() -> None:
    content = parsed(report(scan_score([2.0, None], kernel="B40f", kvp=120.0), skipped=[skip()]))
    assert set(content) == {"schema", "notice", "interrupted", "model", "scans", "skipped"}
    assert content["interrupted"] is False
    assert content["schema"] == 1
    assert content["model"] == {"name": "tiny", "version": "1.0"}
    assert "research use only" in content["notice"]
    assert content["skipped"] == [
        {"file": "scout.dcm", "reason": "localizer", "detail": "'ImageType' says LOCALIZER"}
    ]
    (scan,) = content["scans"]
    acquisition = scan.pop("acquisition")
    slices = scan.pop("slices")
    assert scan == {
        "series_uid": "1.2.840.1",
        "path": "scan",
        "score": 2.0,
        "interval": [1.5, 2.5],
        "equivalent_noise_hu": None,
        "equivalent_noise_interval": None,
        "dose_reserve": None,
        "dose_reserve_interval": None,
        "physics": None,
        "n_slices": 2,
        "n_judged": 1,
        "flags": [],
        "warnings": [],
    }
    assert acquisition["kvp"] == [120.0, 120.0]
    assert acquisition["kernel"] == ["B40f"]
    assert acquisition["ctdivol_mgy"] == acquisition["manufacturer"] == []
    assert slices[1] == {
        "file": str(Path("scan/001.dcm")),
        "frame": 0,
        "instance_uid": "1.2.1",
        "z_mm": 5.0,
        "score": None,
        "interval": None,
        "equivalent_noise_hu": None,
        "equivalent_noise_interval": None,
        "dose_reserve": None,
        "region": None,
        "findings": [],
        "physics": None,
        "flags": ["air"],
    }


def test_all_answers_of_a_model_are_written() -> None:
    metal = answered(2.0, 0, noise_hu=4.0, findings=("metal", "sharp kernel"))
    scan = scan_of(metal, answered(3.0, 1, noise_hu=9.0), answered(None, 2, region="limb"))
    (written,) = parsed(report(scan))["scans"]
    assert written["equivalent_noise_hu"] == 6.0
    slices = written["slices"]
    assert [each["equivalent_noise_hu"] for each in slices] == [4.0, 9.0, 12.0]
    assert [each["region"] for each in slices] == ["chest", "chest", "limb"]
    assert [each["findings"] for each in slices] == [["metal", "sharp kernel"], [], []]


def test_physics_and_dose_reserve_are_written() -> None:
    missing = {"ssde_mgy": Unmeasured.PHANTOM_UNKNOWN}
    physics = PatientPhysics(noise_hu=9.12345678, quantum_noise_hu=6.0, missing=missing)
    good = answered(4.0, 0, noise_hu=9.0, physics=physics)
    hopeless = answered(0.5, 1, noise_hu=90.0, physics=replace(physics, quantum_noise_hu=1.0))
    (written,) = parsed(report(scan_of(good, hopeless)))["scans"]
    first, second = written["slices"]
    assert first["physics"]["noise_hu"] == 9.123457
    assert first["physics"]["f50_per_mm"] is None
    assert first["physics"]["missing"] == {"ssde_mgy": "phantom_unknown"}
    assert 0 < first["dose_reserve"] < 1
    # No dose would do: infinity is no JSON.
    assert second["dose_reserve"] is None
    assert written["physics"]["quantum_noise_hu"] == 3.5


def test_a_stopped_run_says_so() -> None:
    stopped = report(scan_score([2.0]), skipped=[skip(reason=Reason.STOPPED)])
    assert parsed(stopped)["interrupted"] is True


def test_every_text_is_fit_to_be_shown() -> None:
    hostile = "a\x1b[2J\x00\u202eb\ud800"
    scan = replace(scan_score([1.0], kernel=hostile), warnings=(hostile,))
    content = report(scan, skipped=[Skipped(Path(hostile), Reason.CORRUPT, hostile)])
    marked = replace(content, model={"name": hostile, "nested": [{hostile: hostile}]})
    assert str(parsed(marked)).isprintable()


def test_scores_have_four_decimals() -> None:
    (scan,) = parsed(report(scan_score([1 / 3])))["scans"]
    assert scan["score"] == 0.3333
    assert scan["interval"] == [0.0, 0.8333]


def test_never_nan_even_where_files_say_so() -> None:
    (scan,) = parsed(report(scan_score([1.0], kvp=math.nan, exposure_mas=math.inf)))["scans"]
    assert scan["acquisition"]["kvp"] == scan["acquisition"]["exposure_mas"] == []


def test_names_that_are_no_text_are_written() -> None:
    strange = scan_score([1.0], name="caf\udce9")
    assert parsed(report(strange))["scans"][0]["path"] == "caf�"
