"""Parts in stores and Parquet: again changes nothing, other keys are not mixed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.archive.made import largest_file
from tests.cluster.fakes import bundle, told, unit_of

from ctiqa.cluster import merge_parts, merge_parts_to_parquet
from ctiqa.cluster.parts.parts import Parts, make_parts
from ctiqa.errors import NothingToDoError, OutputError, UsageError
from ctiqa.store import open_store
from ctiqa.store.bundle import Bundle
from ctiqa.store.privacy import Privacy

polars = pytest.importorskip("polars", reason="polars is not installed")

PRIVACY = Privacy(uids="hashed", dates="month", secret="ab" * 32)


def parts_with(folder: Path, count: int, privacy: Privacy = PRIVACY) -> Parts:
    parts = make_parts(str(folder), "how", "choice", privacy)
    for number in range(count):
        parts.write(f"{number:032x}", [bundle(unit_of(str(number)), privacy)])
    return parts


def test_a_new_store_gets_the_settings_of_the_parts(tmp_path: Path) -> None:
    parts_with(tmp_path / "parts", 3)
    first = merge_parts(tmp_path / "parts", tmp_path / "ct.sqlite")
    assert (first.parts, first.scans, first.new, first.is_for_store) == (3, 3, 3, True)
    with open_store(tmp_path / "ct.sqlite") as store:
        assert store.privacy == PRIVACY
        digest = store.digest()
        assert store.slices().height == 6
        assert store.skipped().height == 3
        again = merge_parts(tmp_path / "parts", store)
        assert (again.scans, again.new) == (3, 0)
        assert store.digest() == digest


def test_a_damaged_part_is_named_and_the_rest_is_merged(tmp_path: Path) -> None:
    parts, heard = parts_with(tmp_path / "parts", 3), told()
    parts.place.write(f"{1:032x}.json.gz", b"damaged")
    found = merge_parts(tmp_path / "parts", tmp_path / "ct.sqlite", say=heard.say)
    assert (found.new, found.damaged) == (2, 1)
    assert f"{1:032x}" in heard.said[0]
    assert not parts.has(f"{1:032x}")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"uids": "plain", "dates": "month"}, "'uids' 'hashed', and the store keeps 'plain'"),
        ({"uids": "hashed", "dates": "day"}, "'dates' 'month', and the store keeps 'day'"),
        ({"uids": "hashed", "dates": "month"}, "hashed with different keys"),
    ],
)
def test_a_store_with_other_settings_is_refused(
    tmp_path: Path, choices: dict[str, str], message: str
) -> None:
    parts_with(tmp_path / "parts", 1)
    with open_store(tmp_path / "ct.sqlite", **choices) as store:  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=message):
            merge_parts(tmp_path / "parts", store)
        assert store.scans().height == 0


def test_of_another_key_only_what_is_not_hashed_is_taken(tmp_path: Path) -> None:
    parts_with(tmp_path / "parts", 2, Privacy())
    with open_store(tmp_path / "ct.sqlite") as store:
        found = merge_parts(tmp_path / "parts", store)
        assert (found.new, found.skipped, found.is_for_store) == (2, 0, False)
        assert store.skipped().height == 0


def test_parquet_has_the_rows_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiqa.cluster.parquet.CHUNK", 3)
    parts = parts_with(tmp_path / "parts", 5)
    # The same series again, and an input that was skipped before it was scored.
    twice = bundle(unit_of("1"), PRIVACY)
    parts.write("f" * 32, [twice])
    scored = replace(twice.scans[0], inputs=tuple(bundle(unit_of("0"), PRIVACY).skipped))
    parts.write("f" * 31 + "e", [replace(twice, scans=(scored,), skipped={})])
    found = merge_parts_to_parquet(tmp_path / "parts", tmp_path / "out")
    merge_parts(tmp_path / "parts", tmp_path / "ct.sqlite")
    assert (found.parts, found.scans, found.new, found.skipped) == (7, 7, 5, 4)
    with open_store(tmp_path / "ct.sqlite") as store:
        for name, frame in (
            ("scans", store.scans()),
            ("slices", store.slices()),
            ("skipped", store.skipped()),
        ):
            table = polars.read_parquet(tmp_path / "out" / f"{name}.parquet")
            assert set(frame.columns) - set(table.columns) <= {"run", "stored", "current"}
            shared = frame.select(table.columns)
            assert table.schema == shared.schema
            assert table.sort(table.columns).equals(shared.sort(table.columns)), name
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_parquet_of_nothing_has_columns(tmp_path: Path) -> None:
    parts_with(tmp_path / "parts", 0)
    assert merge_parts_to_parquet(tmp_path / "parts", tmp_path / "out").new == 0
    table = polars.read_parquet(tmp_path / "out" / "scans.parquet")
    assert table.height == 0
    assert {"series_uid", "score", "scored_by"} < set(table.columns)


def test_tables_that_are_there_stay_until_the_new_ones_are_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts_with(tmp_path / "parts", 2)
    merge_parts_to_parquet(tmp_path / "parts", tmp_path / "out")
    before = {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(polars.DataFrame, "write_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        merge_parts_to_parquet(tmp_path / "parts", tmp_path / "out")
    assert {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()} == before


def test_no_parts(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError):
        merge_parts(tmp_path, tmp_path / "ct.sqlite")
    with pytest.raises(NothingToDoError):
        merge_parts_to_parquet(tmp_path, tmp_path / "out")
    assert not (tmp_path / "ct.sqlite").exists()


def test_no_name_of_a_file_is_in_a_part(tmp_path: Path) -> None:
    parts = parts_with(tmp_path / "parts", 1)
    text = "".join(each.to_json() for each in parts.read(f"{0:032x}"))
    assert "archive" not in text
    assert "dcm" not in text
    assert Bundle.from_json(parts.read(f"{0:032x}")[0].to_json()).scans[0].slices


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files")
def test_a_full_disk(tmp_path: Path) -> None:
    parts_with(tmp_path / "parts", 3)
    out = tmp_path / "tables"
    with largest_file(256), pytest.raises(OutputError, match="must be writable"):
        merge_parts_to_parquet(tmp_path / "parts", out)
    assert list(out.iterdir()) == []
