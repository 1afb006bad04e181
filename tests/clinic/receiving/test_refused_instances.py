"""Which instances and commands are refused, and with what status (PS3.4, B.2.3; PS3.7, C)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
)
from tests.clinic.receiving.tools.objects import ct, encoded
from tests.clinic.receiving.tools.raw import (
    IMAGES,
    LAST_COMMAND,
    LAST_DATA,
    REJECT,
    STORE,
    command,
    connected,
    fragment,
    request,
)
from tests.clinic.receiving.tools.running import Running, receiving


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A listener that serves everybody and takes 1 MB."""
    with receiving(tmp_path, most_instance_megabytes=1) as started:
        yield started


IMAGE = encoded(ct("1.2.3"))

EVIL = [
    "../../evil",
    "1.2/../../evil",
    "/etc/evil",
    "..",
    ".",
    "",
    "1.2\0.3",
    "1..2",
    "1.02",
    "9" * 65,
]


@pytest.mark.parametrize("uid", EVIL)
def test_what_is_no_uid_never_becomes_a_path(running: Running, tmp_path: Path, uid: str) -> None:
    before = {file for file in tmp_path.rglob("*") if file.is_file()}
    with connected(running.port) as raw:
        raw.associate()
        assert raw.store(uid, IMAGE) == 0xC000
        # The association goes on.
        assert raw.store("1.2.3", IMAGE) == 0
    after = {file for file in tmp_path.rglob("*") if file.is_file()}
    assert after - before == set(running.files())
    assert [file.name for file in running.files()] == ["1.2.3.dcm"]
    assert running.leftovers() == []


REFUSED: dict[str, tuple[int, bytes]] = {
    "class of another object": (0xA900, encoded(ct("1.2.3", EnhancedCTImageStorage))),
    "UID of another object": (0xA900, encoded(ct("1.2.4"))),
    "without UIDs": (0xC000, IMAGE[IMAGE.index(b"\x10\0\x10\0") :]),
    "not a data set": (0xC000, b"GET / HTTP/1.1\r\n\r\n"),
    "nothing": (0xC000, b""),
    "too large": (0xA700, encoded(ct("1.2.3", pixels=bytes(1_100_000)))),
}


@pytest.mark.parametrize(("status", "data"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_nothing(running: Running, status: int, data: bytes) -> None:
    with connected(running.port) as raw:
        raw.associate()
        assert raw.store("1.2.3", data) == status
        assert running.files() == running.leftovers() == []
        assert raw.store("1.2.3", IMAGE) == 0
    assert running.listener.counts.facts()["refused_instances"] == 1


def test_a_class_that_is_not_that_of_the_context(running: Running) -> None:
    with connected(running.port) as raw:
        raw.associate()
        assert raw.store("1.2.3", IMAGE, EnhancedCTImageStorage) == 0x0122
    assert running.files() == []


def test_other_commands_are_answered(running: Running) -> None:
    find, action, cancel = 0x0020, 0x0130, 0x0FFF
    with connected(running.port) as raw:
        raw.associate()
        for field in (find, action):
            raw.send(fragment(IMAGES, LAST_COMMAND, command(field, CTImageStorage, "1.2.3")))
            raw.send(fragment(IMAGES, LAST_DATA, b"something"))
            assert raw.status() == 0x0211
        raw.send(fragment(IMAGES, LAST_COMMAND, command(cancel, CTImageStorage, None)))
        raw.send(fragment(IMAGES, LAST_COMMAND, command(STORE, CTImageStorage, None)))
        assert raw.status() == 0xC000
        assert raw.echo() == 0


def test_nothing_of_the_patient_is_logged(
    running: Running, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with connected(running.port) as raw:
        raw.associate("EVIL")
        for uid in ("Secret^Name", "1.2.3", "1.2.4"):
            raw.store(uid, IMAGE)
        raw.send(b"Secret^Name")
    with connected(running.port) as raw:
        # No library sends such a title.
        raw.send(request("ESC_31m_E", "OTHER").replace(b"ESC_", b"\x1b[0;"))
        assert raw.pdu()[0] == REJECT
    said = caplog.text + "".join(capfd.readouterr())
    assert "instance refused (0xC000)" in said
    assert "Secret" not in said
    assert "\x1b" not in said
    assert "Traceback" not in said
