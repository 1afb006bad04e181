from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.calibration.made import DIGEST, Row, Simulated, flatter, results, same, simulate

import ctiqa
from ctiqa.calibration.calibrate import calibrate
from ctiqa.errors import DataError, NothingToDoError, UsageError
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.score.report.as_json import report_as_json


def made(seed: int = 0, count: int = 40, **facts: object) -> Simulated:
    return simulate(np.random.default_rng(seed), count, flatter, **facts)  # type: ignore[arg-type]


def test_public_by_their_names() -> None:
    assert ctiqa.calibrate is calibrate
    assert isinstance(calibrate(made().rows, made().results), ctiqa.Calibration)


def test_known_map_and_biases_are_recovered() -> None:
    given = made(count=60)
    found = calibrate(given.rows, given.results)
    at = np.linspace(0.5, 3.5, 7)
    np.testing.assert_allclose(found.curve(at), flatter(at), atol=0.2)
    assert found.facts["map"]["form"] == "line"
    bias = [found.reader_bias[name] for name in ("R0", "R1", "R2")]
    np.testing.assert_allclose(bias, [0.4, 0, -0.4], atol=0.12)
    assert found.facts["reader_effects"]["bias"] == bias
    assert found.facts["reader_effects"]["within_sd"] == pytest.approx(0.3, abs=0.05)


def test_readers_who_agree_with_the_model_change_nothing() -> None:
    given = simulate(np.random.default_rng(0), 30, same, bias=(0.1, -0.1))
    found = calibrate(given.rows, given.results)
    assert found.facts["map"]["form"] == "identity"
    assert found.curve([0.0, 1.7, 4.0]).tolist() == [0.0, 1.7, 4.0]
    assert found.half_width > 0


def test_intervals_cover_nine_of_ten_scores_of_new_patients() -> None:
    covered = []
    for seed in range(12):
        given, new = made(seed, 30), made(seed + 100, 200)
        found = calibrate(given.rows, given.results)
        mapped = found.curve.unclipped(new.open_scores)
        low, high = (np.clip(mapped + s * found.half_width, 0, 4) for s in (-1, 1))
        covered.append(np.mean((low <= new.table) & (new.table <= high)))
    assert 0.88 < np.mean(covered) < 0.96


def test_agreement_before_and_after() -> None:
    given = made(count=50)
    facts = calibrate(given.rows, given.results).facts["agreement"]
    mean = given.table.mean(axis=0)
    before = agreement(given.open_scores, mean)
    for name in ("plcc", "srocc", "mae", "bias"):
        assert facts["before"][name]["value"] == pytest.approx(getattr(before, name), abs=1e-4)
    assert facts["after"]["mae"]["value"] < facts["before"]["mae"]["value"] - 0.1
    assert abs(facts["after"]["bias"]["value"]) < 0.05
    low, high = facts["change"]["mae"]["interval"]
    assert low < facts["change"]["mae"]["value"] < high < 0
    own, others = given.table[0], given.table[1:].mean(axis=0)
    assert facts["readers"]["cases"] == 50
    assert facts["readers"]["mae"]["value"] > 0.2
    assert facts["readers"]["plcc"]["value"] == pytest.approx(
        np.corrcoef(own, others)[0, 1], abs=0.1
    )


def test_a_good_fit_to_noise_is_not_taken_for_agreement() -> None:
    """After is measured on patients left out: on the cases themselves it would look better."""
    given = made(count=20, model_sd=0.6, patients=10)
    found = calibrate(given.rows, given.results)
    target = given.table.mean(axis=0)
    fitted = agreement(found.curve(given.open_scores), target).mae
    assert found.facts["agreement"]["after"]["mae"]["value"] > fitted


def test_the_interval_holds_the_spread_of_readers() -> None:
    near, far = made(bias=(0.05, -0.05), reader_sd=0.1), made(bias=(0.8, -0.8), reader_sd=0.1)
    widths = [calibrate(each.rows, each.results).half_width for each in (near, far)]
    assert widths[0] < 0.6
    assert widths[1] > 0.9


def test_nobody_is_named_in_the_file(tmp_path: Path) -> None:
    given = made(patients=20)
    found = calibrate(given.rows, given.results, name="mine")
    found.write(tmp_path / "c.json")
    text = (tmp_path / "c.json").read_text()
    for secret in ("P1", "R0", "1.3.0", "/d/"):
        assert secret not in text
    facts = json.loads(text)
    assert (facts["cases"], facts["patients"], facts["readers"]) == (40, 20, 3)
    assert facts["model"] == {"name": "simulated", "version": "1", "sha256": DIGEST}
    assert facts["patients_from"] == "table"


def test_the_same_cases_give_the_same_file() -> None:
    given = made(5)
    assert calibrate(given.rows, given.results) == calibrate(given.rows, given.results)


def test_a_report_is_as_good_as_the_run(tmp_path: Path) -> None:
    given = made()
    report = tmp_path / "report.json"
    report.write_bytes(report_as_json(given.results))
    found, other = calibrate(given.rows, given.results), calibrate(given.rows, report)
    np.testing.assert_allclose(found.curve.scores, other.curve.scores, atol=1e-3)
    assert found.half_width == pytest.approx(other.half_width, abs=1e-3)


def test_a_table_in_a_file(tmp_path: Path) -> None:
    given = made()
    lines = [f"{r['id']},{r['score']},{r['reader']}" for r in given.rows]
    (tmp_path / "clinic.csv").write_text("\n".join(["id,score,reader", *lines]))
    found = calibrate(tmp_path / "clinic.csv", given.results)
    assert found.name == "clinic"
    assert found.curve == calibrate(given.rows, given.results).curve


def test_grades_of_one_to_five() -> None:
    given = made()
    rows = [row | {"score": 5 - float(str(row["score"]))} for row in given.rows]
    found = calibrate(rows, given.results, score_range=(5, 1))
    other = calibrate(given.rows, given.results)
    np.testing.assert_allclose(found.curve.scores, other.curve.scores, atol=1e-4)


def test_cases_without_a_score_are_left_out_and_counted() -> None:
    given = made(count=24)
    scans = results([[None] if k < 2 else [x] for k, x in enumerate(given.open_scores.tolist())])
    extra = [{"id": "1.9", "score": 2.0, "reader": "R0"}]
    found = calibrate([*given.rows, *extra], scans)
    assert found.left_out == (
        "1.3.0 (not scored by the model: air)",
        "1.3.1 (not scored by the model: air)",
        "1.9 (no such slice or series among the scores)",
    )
    assert found.cases == 22
    assert found.facts["left_out"] == 3


def test_slices_of_a_scan_make_one_case() -> None:
    given = made(count=25)
    scans = results([[x - 0.2, None, x + 0.2] for x in given.open_scores.tolist()])
    found = calibrate(given.rows, scans)
    assert found.cases == 25
    assert found.facts["agreement"]["before"]["plcc"]["value"] == pytest.approx(
        agreement(given.open_scores, given.table.mean(axis=0)).plcc, abs=0.02
    )


def test_slices_of_one_series_are_one_patient() -> None:
    given = made(count=24)
    pairs = given.open_scores.reshape(12, 2).tolist()
    rows: list[Row] = []
    for k, row in enumerate(given.rows):
        case = k // 3
        rows.append(row | {"id": f"1.2./d/{case // 2:03}.nii.{case % 2}"})
    found = calibrate(rows, results(pairs))
    assert (found.cases, found.facts["patients"]) == (24, 12)
    assert found.facts["patients_from"] == "series"


def test_one_reader_is_followed_and_nothing_is_known_of_others() -> None:
    given = made(bias=(0.0,))
    facts = calibrate(given.rows, given.results).facts
    assert facts["reader_effects"] is None
    assert facts["agreement"]["readers"] is None


def refused(given: Simulated, **arguments: object) -> str:
    with pytest.raises(DataError) as error:
        calibrate(given.rows, given.results, **arguments)  # type: ignore[arg-type]
    return str(error.value)


def test_nineteen_cases_are_too_few() -> None:
    assert "at least 20 cases with scores of readers and of the model, got 19" in refused(
        made(count=19)
    )
    assert calibrate(made(count=20).rows, made(count=20).results).cases == 20


def test_too_few_matching_ids_are_not_blamed_on_the_readers() -> None:
    given = made(count=25)
    lost = {f"1.3.{k}" for k in range(12)}
    rows = [row | {"id": f"9.{row['id']}"} if row["id"] in lost else row for row in given.rows]
    with pytest.raises(DataError, match=r"got 13 of the 25 that the readers scored.*check these"):
        calibrate(rows, given.results)


def test_eight_patients_are_too_few() -> None:
    assert "at least 9 patients" in refused(made(count=40, patients=8))
    calibrate(made(count=45, patients=9).rows, made(count=45, patients=9).results)


def test_one_grade_is_refused() -> None:
    given = simulate(np.random.default_rng(0), 30, lambda x: 3 + 0.1 * x, model_sd=0.02)
    assert "must differ by at least 1 grade" in refused(given)


def test_readers_against_the_model_are_refused() -> None:
    message = refused(simulate(np.random.default_rng(0), 30, lambda x: 4 - x))
    assert "must rise with the model's, got a rank correlation of -0.9" in message
    assert "score range" in message


def test_readers_without_relation_to_the_model_are_refused() -> None:
    rng = np.random.default_rng(0)
    given = simulate(rng, 30, lambda x: rng.uniform(0, 4, len(x)))
    assert "contradict the model" in refused(given)


def test_a_model_that_gives_one_score_is_refused() -> None:
    given = made()
    flat = Simulated(np.full(40, 3.0), given.rows)
    assert "that the model scores 3.00-3.00" in refused(flat)


def test_a_reader_who_contradicts_the_others_is_named() -> None:
    given = made()
    for row in given.rows:
        if row["reader"] == "R2":
            row["score"] = 4 - float(str(row["score"]))
    message = refused(given)
    assert "for reader 'R2' on 40 cases" in message
    assert "leave the reader out" in message


def test_ids_that_match_nothing() -> None:
    given = made()
    rows = [row | {"id": f"9.{row['id']}"} for row in given.rows]
    with pytest.raises(NothingToDoError, match=r"no case of the readers.*9\.1\.3\.0.*37 more"):
        calibrate(rows, given.results)


def test_two_names_of_the_same_images() -> None:
    given = made()
    twice = [{"id": "1.2./d/000.nii.0", "score": 2.0, "reader": "R0"}]
    found = calibrate([*given.rows, *twice], given.results)
    assert found.left_out == ("1.2./d/000.nii.0 (the same images as 1.3.0)",)


def test_calibrated_scores_are_not_calibrated_again() -> None:
    given = made()
    scored = results([[x] for x in given.open_scores.tolist()], calibration={"name": "a"})
    with pytest.raises(UsageError, match="without --calibration"):
        calibrate(given.rows, scored)


@pytest.mark.parametrize("score_range", [(3.0, 3.0), (0.0, float("inf"))])
def test_a_scale_has_two_ends(score_range: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="two different numbers"):
        calibrate(made().rows, made().results, score_range=score_range)


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"schema": 2, "scans": [], "skipped": [], "model": {}}',
        '{"schema": 1, "model": {}, "skipped": []}',
        '{"schema": 1, "model": {}, "scans": [], "skipped": []}',
        '{"schema": 1, "model": {"name": "m"}, "scans": [{"slices": [3]}], "skipped": []}',
    ],
)
def test_what_is_no_report(tmp_path: Path, text: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    with pytest.raises(DataError, match="ctiqa score"):
        calibrate(made().rows, file)


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'report' must be a readable file"):
        calibrate(made().rows, tmp_path / "none.json")
