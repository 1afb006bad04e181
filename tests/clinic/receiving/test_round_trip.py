"""What real senders send arrives byte by byte."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    LegacyConvertedEnhancedCTImageStorage,
    RLELossless,
    XRayRadiationDoseSRStorage,
)
from pynetdicom.presentation import build_context
from tests.clinic.receiving.tools.objects import EXAMPLE, ct, data_set_of, encoded, is_readable
from tests.clinic.receiving.tools.raw import connected, request, store_bytes
from tests.clinic.receiving.tools.running import Running, receiving
from tests.clinic.receiving.tools.senders import associated, dcmtk, files_in

SHARED = Path(__file__).parents[3].parent / "shared" / "dicom-series"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A listener that serves everybody."""
    with receiving(tmp_path) as started:
        yield started


def assert_same(running: Running, sent: list[Path]) -> None:
    """Check that all files have arrived with equal elements, in the same transfer syntax."""
    came = {file.stem: dcmread(file) for file in running.files()}
    assert len(came) == len(sent)
    for image in map(dcmread, sent):
        kept = came[str(image.SOPInstanceUID)]
        assert kept == image
        assert kept.file_meta.TransferSyntaxUID == image.file_meta.TransferSyntaxUID
    assert running.leftovers() == []


def test_echo(running: Running) -> None:
    assert dcmtk("echoscu", running.port) == (0, "")


def test_the_example_by_storescu(running: Running) -> None:
    # Option -xt: JPEG-LS without loss, as the files are.
    status, said = dcmtk("storescu", running.port, "-xt", "+sd", str(EXAMPLE))
    assert status == 0, said
    assert_same(running, files_in(EXAMPLE))
    assert {file.parent.name for file in running.files()} == {"SENDER"}
    assert running.listener.counts.facts()["instances"] == len(files_in(EXAMPLE))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/dicom-series")
@pytest.mark.parametrize("series", ["abdomen-siemens-b10f-5mm", "chest-siemens-b40f-8mm"])
def test_real_series_by_storescu(running: Running, series: str) -> None:
    files = files_in(SHARED / series)
    status, said = dcmtk("storescu", running.port, "+sd", str(SHARED / series))
    assert status == 0, said
    assert_same(running, files)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/dicom-series")
def test_data_sets_of_real_series_are_the_same_bytes(running: Running) -> None:
    # storescu writes sequences anew, therefore this sends the bytes of the files.
    files = {str(dcmread(file).SOPInstanceUID): file for file in SHARED.rglob("*.dcm")}
    with connected(running.port) as raw:
        raw.associate()
        statuses = {raw.store(uid, data_set_of(file)) for uid, file in files.items()}
    assert statuses == {0}
    came = {file.stem: data_set_of(file) for file in running.files()}
    assert came == {uid: data_set_of(file) for uid, file in files.items()}


def test_the_example_by_pynetdicom(running: Running) -> None:
    with associated(running.port, build_context(CTImageStorage, JPEGLSLossless)) as sender:
        statuses = [sender.send_c_store(file).Status for file in files_in(EXAMPLE)]
    assert set(statuses) == {0}
    assert_same(running, files_in(EXAMPLE))


SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    RLELossless,
]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda each: each.name)
def test_every_transfer_syntax_is_kept(running: Running, syntax: UID) -> None:
    data = as_encoded(ct("1.2.3"), syntax)
    with connected(running.port) as raw:
        raw.send(request(contexts=[build_context(CTImageStorage, syntax)]))
        raw.pdu()
        assert raw.store("1.2.3", data) == 0
    (file,) = running.files()
    assert data_set_of(file) == data
    assert dcmread(file).file_meta.TransferSyntaxUID == syntax
    assert dcmread(file).SOPInstanceUID == "1.2.3"


def as_encoded(image: Dataset, syntax: UID) -> bytes:
    """A data set in a transfer syntax; the frames of compressed pixels are not looked at."""
    stream = DicomBytesIO()
    stream.is_implicit_VR = syntax.is_implicit_VR
    stream.is_little_endian = syntax.is_little_endian
    if syntax.is_encapsulated:
        image.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
        image["PixelData"].is_undefined_length = True
        image["PixelData"].VR = "OB"
    write_dataset(stream, image)
    data = stream.getvalue()
    if not syntax.is_deflated:
        return data
    deflating = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflating.compress(data) + deflating.flush()
    return deflated + b"\0" * (len(deflated) % 2)


@pytest.mark.parametrize(
    "sop_class",
    [
        CTImageStorage,
        EnhancedCTImageStorage,
        LegacyConvertedEnhancedCTImageStorage,
        XRayRadiationDoseSRStorage,
    ],
    ids=lambda each: each.name,
)
def test_every_class_that_is_of_use_is_taken(running: Running, sop_class: UID) -> None:
    image: Any = ct("1.2.3", sop_class)
    image.file_meta = Dataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with associated(running.port, build_context(sop_class, ExplicitVRLittleEndian)) as sender:
        assert sender.send_c_store(image).Status == 0
    (file,) = running.files()
    assert data_set_of(file) == encoded(ct("1.2.3", sop_class))


def test_the_first_transfer_syntax_proposed_is_taken(running: Running) -> None:
    both: list[str | UID] = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
    with associated(running.port, build_context(CTImageStorage, both)) as sender:
        (context,) = sender.accepted_contexts
    assert context.transfer_syntax == [ExplicitVRLittleEndian]


def test_the_same_instance_twice_is_one_file(running: Running) -> None:
    with connected(running.port) as raw:
        raw.associate()
        assert [raw.store("1.2.3", encoded(ct("1.2.3"))) for _ in range(2)] == [0, 0]
    assert [file.name for file in running.files()] == ["1.2.3.dcm"]


def test_one_uid_with_two_contents_is_two_files(running: Running) -> None:
    contents = [encoded(ct("1.2.3", pixels=bytes([value]) * 512)) for value in (1, 2)]
    with connected(running.port) as raw:
        raw.associate()
        assert [raw.store("1.2.3", each) for each in contents] == [0, 0]
    assert sorted(map(data_set_of, running.files())) == sorted(contents)
    assert all(map(is_readable, running.files()))


def test_eight_associations_at_once(running: Running) -> None:
    def send(number: int) -> list[int | None]:
        with connected(running.port) as raw:
            raw.associate(f"CT{number}")
            uids = [f"1.2.{number}.{n}" for n in range(10)]
            return [raw.store(uid, encoded(ct(uid))) for uid in uids]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for found in pool.map(send, range(8)) for status in found]
    assert statuses == [0] * 80
    assert len(running.files()) == 80
    assert {file.parent.name for file in running.files()} == {f"CT{n}" for n in range(8)}


def test_fragments_of_any_size_are_put_together(running: Running) -> None:
    data = encoded(ct("1.2.3"))
    sent = store_bytes("1.2.3", data)
    with connected(running.port) as raw:
        raw.associate()
        for place in range(0, len(sent), 7):
            raw.send(sent[place : place + 7])
        assert raw.status() == 0
    assert [data_set_of(file) for file in running.files()] == [data]
