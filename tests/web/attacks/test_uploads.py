"""Uploads that break off, or whose pixels cannot be decoded."""

from __future__ import annotations

import io
import logging
import socket
import time
from pathlib import Path

import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from tests.score.made import phantom, write_dicom
from tests.web.conftest import Site
from tests.web.test_score import model, place  # noqa: F401 - fixtures
from tests.web.test_server import WAIT_S, served

JPEG_2000, JPEG_LS, RLE = (f"1.2.840.10008.1.2.{end}" for end in ("4.90", "4.80", "5"))

HUGE_JPEG_2000 = bytes.fromhex(
    "ff4fff510029000f7fffffff7fffffff00000000000000007fffffff7fffffff000000000000000000010f0101ff93"
)
"""Says that it has 2^31 rows and columns."""


def undecodable(folder: Path, syntax: str, frame: bytes) -> bytes:
    """An image whose header is right, and whose pixels are not."""
    data = pydicom.dcmread(write_dicom(folder / "a.dcm", phantom(0.0)))
    data.file_meta.TransferSyntaxUID = UID(syntax)
    data.PixelData = encapsulate([frame])
    stream = io.BytesIO()
    data.save_as(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (RLE, b"\x0f\0\0\0" + b"\xff" * 60 + b"x" * 100),
        (JPEG_2000, HUGE_JPEG_2000),
        (JPEG_LS, b"\xff\xd8\xff\xf7\0\x0b\x10\xff\xff\xff\xff\1\1\x11\0" + bytes(200)),
    ],
)
def test_pixels_that_cannot_be_decoded_have_a_reason(
    serve: Site, request: pytest.FixtureRequest, tmp_path: Path, syntax: str, frame: bytes
) -> None:
    client = serve(model=request.getfixturevalue("model"))
    body = undecodable(tmp_path, syntax, frame)
    answer = client.post("/score", content=body, headers={"Content-Type": "application/dicom"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "no_score")
    assert sum(problem["reasons"].values()) >= 1


def test_a_client_that_goes_away_is_no_mistake_of_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ctiqa.web"), served(tmp_path) as at:
        head = (
            f"POST /score HTTP/1.1\r\nHost: {at[0]}:{at[1]}\r\n"
            "Content-Type: application/zip\r\nContent-Length: 100000\r\n\r\nPK"
        )
        with socket.create_connection(at, timeout=WAIT_S) as connection:
            connection.sendall(head.encode())
            # It goes before the body is complete, at whatever point of the request.
            time.sleep(0.2)
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
