"""Limits on the command line: exit statuses, and what is said."""

from __future__ import annotations

from pathlib import Path

import polars
from tests.cli.trends.conftest import Call, content, limits
from tests.trends.made import Change, archive, one_chart
from tests.trends_output.stored import store_of


def test_a_broken_limit_comes_first_and_everything_is_written(
    call: Call, store: Path, tmp_path: Path
) -> None:
    file = limits(tmp_path, "most_equivalent_noise_hu = 30\n")
    done = call("--store", store, "--limits", file, "--out", tmp_path / "out")
    assert (done.status, done.err) == (5, "")
    lines = done.out.splitlines()
    assert "of limits" in lines[2]
    assert lines[3].startswith("  Thorax")
    assert "above 30 HU" in lines[3]
    violations = content(tmp_path / "out")["limits"]["violations"]
    assert violations
    assert {each["rule"] for each in violations} == {"chest"}
    page = (tmp_path / "out" / "trends.html").read_text(encoding="utf-8")
    assert "above 30 HU" in page


def test_limits_that_are_kept(call: Call, store: Path, tmp_path: Path) -> None:
    file = limits(tmp_path, "most_equivalent_noise_hu = 5000\n")
    done = call("--store", store, "--limits", file)
    assert done.status == 0
    assert "No violation of 1 limit" in done.out


def test_a_limit_for_a_protocol_that_does_not_occur(
    call: Call, store: Path, tmp_path: Path
) -> None:
    file = limits(tmp_path, "least_score = 2\n")
    file.write_text(file.read_text().replace("Thorax*", "Throax*"))
    done = call("--store", store, "--limits", file)
    assert done.status == 0
    assert "chest: there is no scan of protocol Throax* for least_score" in done.out


def test_a_limit_that_could_not_be_checked(call: Call, tmp_path: Path) -> None:
    unknown = archive(60).with_columns(ssde_mgy=polars.lit(None, polars.Float64))
    store_of(unknown, tmp_path / "ct.sqlite").close()
    file = limits(tmp_path, "most_ssde_mgy = 20\n")
    done = call("--store", tmp_path / "ct.sqlite", "--limits", file, "--out", tmp_path / "out")
    assert done.status == 3
    assert "the SSDE is unknown" in done.out
    assert content(tmp_path / "out")["limits"]["complete"] is False


def test_an_alarm_is_printed_and_can_be_a_limit(call: Call, tmp_path: Path) -> None:
    half = one_chart(40, changes=(Change(9, 9, dose=0.5),))
    store_of(half, tmp_path / "ct.sqlite").close()
    file = tmp_path / "limits.toml"
    file.write_text("[[limits]]\nmost_alarms = 0\n")
    days = ["--baseline", "2026-01-05:2026-03-01"]
    done = call("--store", tmp_path / "ct.sqlite", "--limits", file, *days)
    assert done.status == 5
    assert "none is allowed; the newest: " in done.out
    assert "of the control charts, the newest first" in done.out


def test_a_limits_file_with_every_fault_listed(call: Call, store: Path, tmp_path: Path) -> None:
    file = limits(tmp_path, "least_scor = 2\nmost_ssde_mgy = -1\n")
    done = call("--store", store, "--limits", file, "--out", tmp_path / "out")
    assert done.status == 2
    assert "2 problems" in done.err
    assert "limit 1 ('chest'): there is no key 'least_scor'; did you mean" in done.err
    assert not (tmp_path / "out").exists()
