"""Fetching a series of a DICOMweb server: whole, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.archive_sources.dicomweb_server import Asked, FakeServer, Reply, Series, multipart
from tests.score.made import phantom, write_dicom

from ctiqa.archive.sources.dicomweb import multipart as parts
from ctiqa.archive.sources.dicomweb.multipart import MultipartError, boundary_of, split
from ctiqa.archive.sources.dicomweb.site import Site
from ctiqa.archive.sources.dicomweb.source import DicomwebSource, SeriesUnit, series_unit
from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io import find_scans

PATH = "/studies/1.2/series/1.2.1"


def unit(server: FakeServer, count: int = 2) -> SeriesUnit:
    return SeriesUnit(Site(server.url), PATH, "2 x", count)


def fetched(server: FakeServer, folder: Path, count: int = 2) -> list[bytes]:
    (place,) = unit(server, count).fetch(folder).values()
    return [file.read_bytes() for file in sorted(place.iterdir())]


def refusal(server: FakeServer, folder: Path, count: int = 2) -> str:
    with pytest.raises(RefusedError) as caught:
        unit(server, count).fetch(folder)
    assert caught.value.reason is Reason.NOT_FETCHED
    return caught.value.detail


def only(server: FakeServer, reply: Reply) -> None:
    server.answer = lambda _: reply


def test_a_series_becomes_a_scan(web: FakeServer, tmp_path: Path) -> None:
    files = [write_dicom(tmp_path / f"{i}.dcm", phantom(), i).read_bytes() for i in range(3)]
    web.series = [Series("1.2", "1.2.1", files=files)]
    (found,) = DicomwebSource(web.url).units()
    folder = tmp_path / "fetched"
    folder.mkdir()
    places = found.fetch(folder)
    assert list(places) == [each.name for each in found.entries]
    (scan,) = find_scans(list(places.values())).scans
    assert len(scan.headers) == 3
    assert [file.read_bytes() for file in sorted(folder.iterdir())] == files


def test_instances_are_asked_for_as_they_are_stored(web: FakeServer, tmp_path: Path) -> None:
    web.series = [Series("1.2", "1.2.1")]
    assert fetched(web, tmp_path) == [b"one", b"two"]
    assert web.asked[0].headers["Accept"].endswith("transfer-syntax=*")


def test_a_single_instance_that_is_not_wrapped(web: FakeServer, tmp_path: Path) -> None:
    only(web, Reply(body=b"alone", media="application/dicom"))
    assert fetched(web, tmp_path, 1) == [b"alone"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_series_that_is_gone(web: FakeServer, tmp_path: Path, status: int) -> None:
    only(web, Reply(status))
    assert "was listed, and is gone" in refusal(web, tmp_path)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(body=b"<html>", media="text/html"), "came as text/html"),
        (Reply(body=b"", media=""), "came as no media type"),
        (Reply(204), "must have 2 instances, and 0 were received"),
        (multipart([b"one"]), "must have 2 instances, and 1 were received"),
        (Reply(206, b"", "multipart/related"), "instances that the server does not send"),
        (Reply(401), "status 401"),
        (Reply(500), "status 500, 4 attempts"),
    ],
)
def test_a_series_that_cannot_be_had(
    web: FakeServer, tmp_path: Path, reply: Reply, message: str
) -> None:
    only(web, reply)
    assert message in refusal(web, tmp_path)


@pytest.mark.parametrize("cut", [3, 5, 30])
def test_an_answer_that_ends_too_early(web: FakeServer, tmp_path: Path, cut: int) -> None:
    only(web, multipart([b"one", b"two"], cut=cut))
    detail = refusal(web, tmp_path)
    assert "could not be fetched whole" in detail
    assert len(web.asked) == 2


def test_a_connection_that_is_lost_is_made_again(web: FakeServer, tmp_path: Path) -> None:
    whole = multipart([b"one", b"two"])
    lost = Reply(body=whole.body[:70], media=whole.media, length=len(whole.body))
    web.answer = lambda _: lost if len(web.asked) == 1 else whole
    assert fetched(web, tmp_path) == [b"one", b"two"]


def test_a_series_that_grew_is_taken(web: FakeServer, tmp_path: Path) -> None:
    only(web, multipart([b"one", b"two", b"three"]))
    assert fetched(web, tmp_path, 2) == [b"one", b"two", b"three"]


def test_a_series_of_a_manifest_by_its_address(web: FakeServer, tmp_path: Path) -> None:
    web.series = [Series("1.2", "1.2.1")]
    (place,) = series_unit(web.url + PATH, "-").fetch(tmp_path).values()
    assert len(list(place.iterdir())) == 2
    with pytest.raises(UsageError, match="studies/UID/series/UID"):
        series_unit(f"{web.url}/studies/1.2", "-")


def test_names_are_not_those_of_the_server(web: FakeServer, tmp_path: Path) -> None:
    whole = multipart([b"one", b"two"])
    named = whole.body.replace(
        b"Content-Type", b"Content-Disposition: attachment; filename=../evil\r\nContent-Type"
    )
    only(web, Reply(body=named, media=whole.media))
    fetched(web, tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["000000.dcm", "000001.dcm"]


def test_too_much_is_given_up(
    web: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_PARTS", 1)
    web.series = [Series("1.2", "1.2.1")]
    assert "more than 1 instances" in refusal(web, tmp_path)


def test_the_status_of_one_series_does_not_end_the_listing(web: FakeServer) -> None:
    web.series = [
        Series("1.2", "1.2.1", facts={"00201209": None}),
        Series("1.2", "1.2.2"),
    ]

    def without_instances(asked: Asked) -> Reply:
        return Reply(404) if asked.path.endswith("/instances") else web.good(asked)

    web.answer = without_instances
    first, second = DicomwebSource(web.url).units()
    assert first.entries[0].stamp == ""
    assert second.entries[0].stamp.startswith("2 ")


@given(
    files=st.lists(st.binary(max_size=60), max_size=4),
    size=st.integers(1, 50),
    preamble=st.sampled_from([b"", b"\r\n", b"ignore me\r\n"]),
)
def test_parts_do_not_depend_on_how_the_answer_arrives(
    files: list[bytes], size: int, preamble: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    boundary = b"no-file-has-this-boundary-inside-of-sixty-bytes-of-it-0123456789"
    body = preamble + b"--" + boundary
    for each in files:
        body += b"\r\nContent-Type: application/dicom\r\n\r\n" + each + b"\r\n--" + boundary
    body += b"--\r\n"
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    folder = tmp_path_factory.mktemp("parts")
    written = split(chunks, boundary, folder)
    assert [each.read_bytes() for each in written] == files
    with pytest.raises(MultipartError, match="too early"):
        split([body[: len(body) - 4]], boundary, folder)


def test_headers_without_an_end(tmp_path: Path) -> None:
    with pytest.raises(MultipartError, match="no end of its headers"):
        split([b"--x\r\n", b"a" * (1 << 17)], b"x", tmp_path)


@pytest.mark.parametrize(
    ("media", "boundary"),
    [
        ('multipart/related; boundary=abc; type="application/dicom"', b"abc"),
        ('Multipart/Related;boundary="a=b"', b"a=b"),
        ("multipart/related", None),
        ("application/dicom; boundary=abc", None),
        ("", None),
    ],
)
def test_boundaries(media: str, boundary: bytes | None) -> None:
    assert boundary_of(media) == boundary
