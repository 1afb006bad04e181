"""The page of one scan: what is known about it, notes, and pictures."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.web.pages.made import (
    Clinic,
    check_page,
    clinic_of,
    frame_of,
    notes_of,
    scan_paths,
    slice_row,
)

import ctiqa
from ctiqa.io import find_scans
from ctiqa.score.report.rounding import shown
from ctiqa.store.database.tables import scans, slices
from ctiqa.trends import trends

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"


def newest(clinic: Clinic) -> dict[str, object]:
    """The scan that the list has first."""
    row: dict[str, object] = clinic.store.scans().sort("stored").row(-1, named=True)
    return row


def test_a_scan_with_everything_that_is_known(clinic: Clinic) -> None:
    text = clinic.get(clinic.scan())
    check_page(text)
    row = newest(clinic)
    assert f"Series {row['series_uid']}" in text
    assert f'<span class="big">{shown(float(str(row["score"])))}</span>' in text
    for name in ("protocol", "kernel", "description", "region"):
        assert str(row[name]).lower() in text.lower()
    assert "29 of 30 slices (29 chest); not judged: 1 limb" in text
    assert "metal in 1 slice, z 15 mm" in text
    assert "Score of each slice along z" in text


def test_a_scan_stands_where_the_trends_say(clinic: Clinic) -> None:
    found = trends(clinic.store).scans
    own = found.filter(pl.col("series_uid") == newest(clinic)["series_uid"]).row(0, named=True)
    text = clinic.get(clinic.scan())
    assert own["percentile"] is not None
    assert f"{own['percentile']:.0f} % of {own['n_comparable']} comparable scans" in text
    assert text.count('class="other"') == own["n_comparable"]
    assert text.count('class="self"') == 1


def test_every_scan_has_a_page(own: Clinic) -> None:
    paths = {*scan_paths(own.get("/scans")), *scan_paths(own.get("/scans?page=2"))}
    assert len(paths) == own.store.scans().height
    for path in paths:
        check_page(own.get(path))


def test_a_flag_is_explained(clinic: Clinic) -> None:
    text = clinic.get(clinic.scan("?flag=saturated"))
    assert "At the top of the scale: only the equivalent noise tells such scans apart." in text


def test_a_reviewer_explains_a_scan(own: Clinic) -> None:
    path = own.scan("?unexplained=yes")
    assert "explained</span>" not in own.get(path)
    to = own.post(f"{path}/note", note="metal\r\n implant", explained="yes")
    assert to == f"{path}?done=note#notes"
    text = own.get(to)
    assert "The note is written." in text
    assert "<p>metal implant</p>" in text
    assert "local, <time" in text
    assert '<span class="tag">explained</span>' in text
    assert path not in own.get("/scans?unexplained=yes")
    own.post(f"{path}/note", note="it was not")
    after = own.get(path)
    assert after.index("it was not") < after.index("metal implant")
    assert path in own.get("/scans?unexplained=yes")


@pytest.mark.parametrize(("note", "status"), [("", 400), ("x" * 1001, 400), ("x" * 3000, 400)])
def test_a_note_has_a_length(own: Clinic, note: str, status: int) -> None:
    path = own.scan()
    own.post(f"{path}/note", status, note=note)
    assert "There are no notes." in own.get(path)


def test_a_note_of_the_largest_length_is_kept_whole(own: Clinic) -> None:
    path = own.scan()
    own.post(f"{path}/note", note="x" * 1000)
    assert "x" * 1000 in own.get(path)


def test_a_note_of_another_site_is_refused(own: Clinic) -> None:
    path = own.scan()
    own.post(f"{path}/note", 403, note="spam", csrf="0" * 64)
    own.post("/scan/0123456789abcdef0123456789abcdef/note", 404, note="nothing there")
    row = newest(own)
    assert notes_of(own.store).of_scan((str(row["series_uid"]), str(row["content"]))) == []


def test_without_files_the_page_says_why_there_is_no_picture(clinic: Clinic) -> None:
    path = clinic.scan()
    assert "There is no picture" in clinic.get(path)
    assert "<img" not in clinic.get(path)
    assert clinic.client.get(path.replace("/scan/", "/picture/") + "/slice.png").status_code == 404


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A dashboard with one scan, whose files are in the spool."""
    folder = tmp_path_factory.mktemp("pictured")
    [scan] = find_scans([EXAMPLE], jobs=1).scans
    frame = frame_of(1).with_columns(series_uid=pl.lit(scan.series_uid))
    for made in clinic_of(folder, frame, text=None):
        shutil.copytree(EXAMPLE, folder / "spool" / "series" / scan.series_uid)
        with made.store.writing() as connection:
            number = connection.scalar(scans.select().with_only_columns(scans.c.id))
            rows = [slice_row(int(number or 0), index, 2.5) for index in range(len(scan.headers))]
            connection.execute(slices.insert(), rows)
        yield made


def test_the_worst_slice_is_shown_with_its_local_noise(pictured: Clinic) -> None:
    text = pictured.get(pictured.scan())
    check_page(text)
    sources = re.findall(r'<img src="(/picture/[^"]+)"', text)
    pictures = [pictured.client.get(each) for each in sources]
    assert [each.headers["content-type"] for each in pictures] == ["image/png"] * 2
    assert all(each.content.startswith(b"\x89PNG") for each in pictures)
    assert pictures[0].content != pictures[1].content
    # Made once.
    assert pictured.client.get(sources[0]).content == pictures[0].content
    assert pictured.client.get(sources[0].replace("slice", "other")).status_code == 404


def test_files_that_are_not_those_that_were_scored_have_no_picture(pictured: Clinic) -> None:
    [folder] = (pictured.config.spool.folder / "series").iterdir()
    kept = pictured.client.app.state.pictures  # type: ignore[attr-defined]
    kept._kept.clear()
    moved = folder / "01.dcm"
    content = moved.read_bytes()
    moved.unlink()
    path = pictured.scan().replace("/scan/", "/picture/") + "/slice.png"
    assert "no picture" in pictured.get(path, 404)
    moved.write_bytes(content)
    assert pictured.client.get(path).status_code == 200
