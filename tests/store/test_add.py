"""What is stored once is there once, whoever stores it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.store import made

from ctiqa.errors import OutputError, Reason, UsageError
from ctiqa.io import ReadOptions
from ctiqa.score.report.report import Report
from ctiqa.store import Run, Store, open_store, series_key
from ctiqa.store.rows import slice_row
from ctiqa.types import SliceScore


def test_a_report_is_stored(store: Store) -> None:
    report = made.report(made.scan_score("1.2.3"), made.scan_score("1.2.4"))
    assert store.add(report, Run()) == 2
    assert store.scans()["series_uid"].to_list() == ["1.2.3", "1.2.4"]
    assert store.slices().height == 6


def test_storing_again_changes_nothing(store: Store) -> None:
    report = made.report(made.scan_score(), skipped=[made.skip()])
    store.add(report, Run())
    tables = [store.scans(), store.slices(), store.skipped()]
    digest = store.digest()
    assert store.add(report, Run()) == 0
    for before, after in zip(tables, [store.scans(), store.slices(), store.skipped()], strict=True):
        assert before.equals(after)
    assert store.digest() == digest


def test_a_stored_scan_survives_closing(address: str) -> None:
    with open_store(address) as store:
        store.add(made.report(made.scan_score()), Run())
        digest = store.digest()
    with open_store(address) as store:
        assert store.digest() == digest
        assert store.scans().height == 1


@pytest.mark.parametrize(
    "other",
    [
        made.report(made.scan_score("1.2.4")),
        made.report(made.scan_score(scores=(3.0, 3.0))),
        made.report(made.scan_score(), sha256="other"),
        made.report(made.scan_score(), calibration={"name": "own", "sha256": "cd"}),
        made.report(made.scan_score(), options=ReadOptions(allow_reformats=True)),
    ],
    ids=["series", "content", "model", "calibration", "options"],
)
def test_each_part_of_the_key_makes_a_row_of_its_own(store: Store, other: Report) -> None:
    assert store.add(made.report(made.scan_score()), Run()) == 1
    digest = store.digest()
    assert store.add(other, Run()) == 1
    assert store.scans().height == 2
    assert store.digest() != digest


def test_another_engine_is_the_same_result(store: Store) -> None:
    store.add(made.report(made.scan_score()), Run())
    assert store.add(made.report(made.scan_score(), engine="openvino"), Run()) == 0


def test_what_is_known(store: Store) -> None:
    report = made.report(made.scan_score())
    key = series_key(report.scans[0].scan, report.model, report.options)
    assert not store.has(key)
    store.add(report, Run())
    assert store.has(key)
    others = [made.key(), made.key("1.2.4")]
    assert store.known([key, *others]) == {key}
    assert store.known([]) == set()


def test_many_keys_are_asked_for_at_once(store: Store) -> None:
    keys = [made.key(f"1.2.{index}", f"c{index}") for index in range(1201)]
    store.add(made.report(made.scan_score("1.2.1200")), Run(), keys=keys)
    assert store.known(keys) == {keys[1200]}


def test_the_key_from_before_scoring_counts(store: Store) -> None:
    """Slices that could not be read are missing in the report, and their series is known."""
    key = made.key(content="of all slices")
    store.add(made.report(made.scan_score()), Run(), keys=[key])
    assert store.has(key)
    assert store.scans()["content"].to_list() == ["of all slices"]


def test_a_key_for_another_model_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="1 are for another one"):
        store.add(made.report(made.scan_score()), Run(), keys=[made.key(sha256="other")])
    assert store.scans().height == 0


def test_the_last_series_of_a_stopped_run_is_left_out(store: Store) -> None:
    stopped = made.skip("scan/9.dcm", Reason.STOPPED)
    report = made.report(made.scan_score("1.2.3"), made.scan_score("1.2.4"), skipped=[stopped])
    assert store.add(report, Run()) == 1
    assert store.scans()["series_uid"].to_list() == ["1.2.3"]
    assert store.skipped().height == 0


def test_skipped_inputs_have_one_reason_each(store: Store) -> None:
    first = Run()
    skipped = [made.skip("b.dcm"), made.skip("a.dcm", Reason.CORRUPT)]
    store.add(made.report(skipped=skipped), first)
    store.add(made.report(skipped=[made.skip("b.dcm", Reason.DERIVED)]), Run())
    found = {row["input"]: row["reason"] for row in store.skipped().to_dicts()}
    assert found == {store.input_id("a.dcm"): "corrupt", store.input_id("b.dcm"): "derived"}


def test_an_input_that_is_scored_by_now_is_no_longer_skipped(store: Store) -> None:
    skipped = [made.skip("scan/001.dcm", Reason.TRUNCATED), made.skip()]
    store.add(made.report(skipped=skipped), Run())
    store.add(made.report(made.scan_score()), Run())
    assert store.skipped()["input"].to_list() == [store.input_id("scan/scout.dcm")]


def test_a_file_that_was_skipped_in_part_stays_listed(store: Store) -> None:
    skipped = [made.skip("scan/001.dcm", Reason.CORRUPT)]
    for _ in range(2):
        store.add(made.report(made.scan_score(), skipped=skipped), Run())
        assert store.skipped()["reason"].to_list() == ["corrupt"]


def test_runs_are_recorded(store: Store) -> None:
    done, cut = Run("survey"), Run("survey")
    store.add(made.report(made.scan_score(), skipped=[made.skip()]), done)
    store.finish(done)
    store.add(made.report(made.scan_score("1.2.4"), made.scan_score("1.2.5")), cut)
    runs = store.runs()
    assert runs["id"].to_list() == [done.id, cut.id]
    assert runs["started"].to_list() == [done.started, cut.started]
    assert runs["scans"].to_list() == [1, 2]
    assert runs["skipped"].to_list() == [1, 0]
    assert runs["engine"].to_list() == ["onnxruntime"] * 2
    assert [end is not None for end in runs["ended"]] == [True, False]
    assert runs["ended"][0] >= done.started


def test_a_series_is_stored_with_all_its_slices_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def numbered(number: int, verdict: SliceScore) -> dict[str, Any]:
        return slice_row(0 if verdict.region == "neck" else number, verdict)

    monkeypatch.setattr("ctiqa.store.bundle.slice_row", numbered)
    neck = tuple(made.slice_score(index, 3.0, region="neck") for index in range(2))
    broken = made.scan_score("1.2.4", slices=neck)
    with pytest.raises(OutputError):
        store.add(made.report(made.scan_score(), broken), Run())
    assert store.scans()["series_uid"].to_list() == ["1.2.3"]
    assert set(store.slices()["series_uid"]) == {"1.2.3"}


def test_paths_are_named_alike_from_anywhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert store.input_id("a.dcm") == store.input_id(tmp_path / "sub" / ".." / "a.dcm")
