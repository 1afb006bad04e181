"""Headers of sources, and bytes of new files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from tests.score.made import phantom, write_dicom

from ctiqa.errors import RefusedError
from ctiqa.io.dicom.header import parse
from ctiqa.io.dicom.writing.content import file_bytes, further_elements


@pytest.mark.parametrize("packed", [False, True])
def test_elements_that_readers_skip_are_read(tmp_path: Path, packed: bool) -> None:
    file = write_dicom(tmp_path / "a.dcm", phantom(), StudyDescription="knee", StudyID="7")
    if packed:
        file.write_bytes(gzip.compress(file.read_bytes()))
    found = further_elements(parse(file), ["StudyDescription"])
    assert found.StudyDescription == "knee"
    assert "StudyID" not in found
    assert "PixelData" not in found


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.dcm", phantom())
    parsed = parse(file)
    file.unlink()
    with pytest.raises(RefusedError):
        further_elements(parsed, ["StudyID"])


def test_bytes_are_a_whole_file(tmp_path: Path) -> None:
    image = dcmread(write_dicom(tmp_path / "a.dcm", phantom()))
    content = file_bytes(image)
    assert content[128:132] == b"DICM"
    again = dcmread(DicomBytesIO(content))
    assert again.SOPInstanceUID == again.file_meta.MediaStorageSOPInstanceUID
    assert again.pixel_array.shape == phantom().shape
