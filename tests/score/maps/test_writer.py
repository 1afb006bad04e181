"""Maps on their way to the disc: names, counts, failures, and nobody's name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from tests.score.made import phantom, write_dicom

from ctiqa.io import read_file_headers, read_slice
from ctiqa.score.maps.colour_bar import WIDTH
from ctiqa.score.maps.place import Place
from ctiqa.score.maps.writer import MapWriter
from ctiqa.types import Slice, SliceScore

PLACE = Place(scan=0, series=2, index=17, series_uid="1.2")


@pytest.fixture
def image(tmp_path: Path) -> Slice:
    file = write_dicom(tmp_path / "Secret^Person.dcm", phantom())
    return read_slice(read_file_headers(file).headers[0])


def scored(image: Slice, score: float | None = 3.0, noise_hu: float | None = 20.0) -> SliceScore:
    noise = None if noise_hu is None else np.full((8, 8), noise_hu, dtype=np.float32)
    return SliceScore(image.header, score, None, noise_map_hu=noise)


@pytest.fixture
def writer(tmp_path: Path) -> MapWriter:
    return MapWriter(tmp_path / "deep" / "maps", {"name": "tiny", "sha256": "0" * 64})


def names(writer: MapWriter) -> list[str]:
    folder = writer.counts.folder
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def test_one_picture_in_two_files(writer: MapWriter, image: Slice) -> None:
    writer.write(PLACE, image, scored(image))
    assert names(writer) == ["series-002-slice-0017.dcm", "series-002-slice-0017.png"]
    png = np.asarray(Image.open(writer.counts.folder / "series-002-slice-0017.png"))
    assert png.shape == (256, 256 + WIDTH, 3)
    capture = dcmread(writer.counts.folder / "series-002-slice-0017.dcm")
    np.testing.assert_array_equal(capture.pixel_array, png)
    assert capture.InstanceNumber == 18
    assert (writer.counts.written, writer.counts.without_score) == (1, 0)
    assert not writer.counts.without_dicom


def test_the_patient_is_named_in_the_dicom_file_alone(writer: MapWriter, image: Slice) -> None:
    writer.write(PLACE, image, scored(image))
    for file in writer.counts.folder.iterdir():
        assert b"secret" not in file.name.lower().encode()
        assert (b"Secret^Person" in file.read_bytes()) is (file.suffix == ".dcm")
    assert "secret" not in repr(writer.counts).lower()


@pytest.mark.parametrize(("score", "noise_hu"), [(None, 20.0), (None, None), (3.0, None)])
def test_a_slice_without_score_or_map_is_counted(
    writer: MapWriter, image: Slice, score: float | None, noise_hu: float | None
) -> None:
    writer.write(PLACE, image, scored(image, score, noise_hu))
    assert (writer.counts.written, writer.counts.without_score) == (0, 1)
    assert names(writer) == []


def test_withdrawn_maps_are_gone_and_counted(writer: MapWriter, image: Slice) -> None:
    other = replace(image, header=replace(image.header, spacing_mm=None))
    other = replace(
        other, header=replace(other.header, source=replace(image.header.source, frame=7))
    )
    writer.write(PLACE, image, scored(image))
    writer.write(replace(PLACE, index=18), other, scored(other))
    writer.withdraw([image.header.source])
    assert {Path(name).stem for name in names(writer)} == {"series-002-slice-0018"}
    assert (writer.counts.written, writer.counts.without_score) == (1, 1)
    writer.withdraw([other.header.source])
    assert (writer.counts.written, writer.counts.without_score) == (0, 2)
    assert names(writer) == []
    assert not writer.counts.without_dicom


def test_other_formats_have_a_picture_only(writer: MapWriter, image: Slice) -> None:
    source = replace(image.header.source, format="nifti")
    other = Slice(image.hu, replace(image.header, source=source))
    writer.write(PLACE, other, scored(other))
    assert names(writer) == ["series-002-slice-0017.png"]
    assert not writer.counts.without_dicom


@pytest.mark.parametrize("gone", [True, False])
def test_a_source_that_gives_no_study_costs_the_dicom_file_alone(
    writer: MapWriter, image: Slice, gone: bool
) -> None:
    file = image.header.source.file
    if gone:
        file.unlink()
    else:
        write_dicom(file, phantom(), StudyInstanceUID="")
    writer.write(PLACE, image, scored(image))
    assert names(writer) == ["series-002-slice-0017.png"]
    assert writer.counts.written == 1
    ((reason, count),) = writer.counts.without_dicom.items()
    assert count == 1
    assert gone or reason == "the file names no study (StudyInstanceUID)"


def test_files_that_are_there_stay_or_are_replaced(writer: MapWriter, image: Slice) -> None:
    folder = writer.counts.folder
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "series-002-slice-0017.png").write_text("old")
    writer.write(PLACE, image, scored(image))
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "series-002-slice-0017.png").read_bytes()[1:4] == b"PNG"


def full_after(calls: int) -> Iterator[OSError | None]:
    yield from [None] * calls
    while True:
        yield OSError(28, "No space left on device")


def test_a_full_disc_ends_the_maps_and_leaves_nothing_half_written(
    writer: MapWriter, image: Slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, room = os.fsync, full_after(3)

    def fsync(handle: int) -> None:
        if error := next(room):
            raise error
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    for index in range(3):
        writer.write(replace(PLACE, index=index), image, scored(image))
    assert names(writer) == [
        "series-002-slice-0000.dcm",
        "series-002-slice-0000.png",
        "series-002-slice-0001.png",
    ]
    assert writer.counts.written == 1
    assert "No space left on device" in str(writer.counts.failure)


def test_a_repeated_run_writes_the_same_bytes(writer: MapWriter, image: Slice) -> None:
    folder = writer.counts.folder
    writer.write(PLACE, image, scored(image))
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    writer.write(PLACE, image, scored(image))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == first
