"""Wrong usage, and stores of which little can be said."""

from __future__ import annotations

import os
from pathlib import Path

import polars
import pytest
from tests.cli.trends.conftest import Call, content
from tests.trends.made import archive
from tests.trends_output.stored import store_of

from ctiqa.trends.output.files import FILES


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--where", "protocl=A"], "there is no key 'protocl'; did you mean 'protocol'?"),
        (["--where", "protocol"], "a condition must be KEY=GLOB"),
        (["--since", "May"], "'since' must be a day such as"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "'until' must not be before"),
        (["--baseline", "2026-01-01"], "'baseline' must be FIRST:LAST such as"),
        (["--baseline", "2026-03-01:2026-02-01"], "swap them"),
        (["--baseline", "2025-03-01:2025-04-01"], "there are scans from 2026-01-05 to 2026-03-27"),
        (["--model", "other"], "known are ctiqa-made 1 (m1)"),
        (["--limits", "none.toml"], "the limits file 'none.toml' cannot be read: "),
        (["--limits", ""], "'limits' must not be empty"),
        (["--limits", "."], "cannot be read: it is a folder"),
        (["--out", ""], "'out' must not be empty"),
        (["--by", "year"], "'year'"),
        (["--thumbnails", "."], "name its folder with --out"),
        (["--out", "out", "--thumbnails", "none"], "'thumbnails' must be a folder that exists"),
    ],
)
def test_wrong_usage(call: Call, store: Path, empty: Path, words: list[str], message: str) -> None:
    done = call("--store", store, *words)
    assert done.status == 2
    assert message in done.err
    assert done.out == ""
    assert list(empty.iterdir()) == []


def test_the_store_must_be_named(call: Call) -> None:
    assert call().status == 2


def test_a_store_that_is_not_there_is_not_made(call: Call, tmp_path: Path) -> None:
    done = call("--store", tmp_path / "none.sqlite", "--out", tmp_path / "out")
    assert done.status == 4
    assert "there is no store" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_store(call: Call, tmp_path: Path) -> None:
    store_of(archive(1).clear(), tmp_path / "ct.sqlite").close()
    done = call("--store", tmp_path / "ct.sqlite", "--out", tmp_path / "out")
    assert done.status == 4
    assert "'ct.sqlite' has no scans; store some with 'ctiqa survey'" in done.err
    assert not (tmp_path / "out").exists()


def test_scans_without_a_score(call: Call, tmp_path: Path) -> None:
    nothing = polars.lit(None, polars.Float64)
    scans = archive(3).with_columns(score=nothing, equivalent_noise_hu=nothing)
    store_of(scans, tmp_path / "ct.sqlite").close()
    done = call("--store", tmp_path / "ct.sqlite")
    assert done.status == 4
    assert "3 left out: no slice has a score" in done.err


@pytest.mark.parametrize("count", [1, 3])
def test_a_store_of_few_scans(call: Call, tmp_path: Path, count: int) -> None:
    store_of(archive(count), tmp_path / "ct.sqlite").close()
    done = call("--store", tmp_path / "ct.sqlite", "--out", tmp_path / "out")
    assert done.status == 0, done.err
    assert content(tmp_path / "out")["n"] == count


def test_scans_without_days_and_texts(call: Call, tmp_path: Path) -> None:
    texts = ("protocol", "station", "model", "kernel", "region")
    unknown = archive(30).with_columns(
        study_day=polars.lit(None, polars.Date),
        **{name: polars.lit(None, polars.String) for name in texts},
    )
    store_of(unknown, tmp_path / "ct.sqlite", dates="none").close()
    file = tmp_path / "limits.toml"
    file.write_text("[[limits]]\nleast_score = 0\nmost_noise_drift = 0.2\nlast_days = 9\n")
    words = ["--store", tmp_path / "ct.sqlite", "--limits", file]
    done = call(*words, "--out", tmp_path / "out")
    assert done.status == 3, done.err
    assert "without days" in done.out.splitlines()[0]
    assert "the day is unknown; leave out last_days" in done.out
    assert call(*words, "--since", "2026-01-01").status == 4


def test_places_that_cannot_be_written(call: Call, store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "out" / "trends.html").mkdir(parents=True)
    for out in ("file", "out"):
        done = call("--store", store, "--out", tmp_path / out)
        assert done.status == 2
        assert "must " in done.err
    assert call("--store", store, "--out", tmp_path / "file" / "below").status == 4
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        assert call("--store", store, "--out", tmp_path / "new").status == 4


def test_names_with_markup_and_control_characters(call: Call, tmp_path: Path) -> None:
    evil = archive(40).with_columns(protocol=polars.lit("<b>\x1b[2J=1"))
    store_of(evil, tmp_path / "ct.sqlite").close()
    done = call("--store", tmp_path / "ct.sqlite", "--out", tmp_path / "out")
    assert done.status == 0, done.err
    texts = [
        done.out,
        *((tmp_path / "out" / name).read_text() for name in FILES if "parq" not in name),
    ]
    assert not [each for each in texts if "\x1b" in each]
    assert "<b>\ufffd" not in (tmp_path / "out" / "trends.html").read_text(encoding="utf-8")
