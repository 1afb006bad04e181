"""Who is refused, and how that is said (PS3.8, 9.3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import (
    ComprehensiveSRStorage,
    CTImageStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)
from pynetdicom.presentation import build_context
from tests.clinic.receiving.tools.objects import EXAMPLE
from tests.clinic.receiving.tools.raw import (
    REJECT,
    connected,
    request,
)
from tests.clinic.receiving.tools.running import Running, receiving
from tests.clinic.receiving.tools.senders import associated, dcmtk, rejection

IMAGES_CONTEXT = build_context(CTImageStorage, ExplicitVRLittleEndian)

UNKNOWN_CALLER, UNKNOWN_CALLED = (1, 1, 3), (1, 1, 7)

PEERS = [
    {"ae_title": "SENDER", "addresses": ["127.0.0.1"]},
    {"ae_title": "ELSEWHERE", "addresses": ["10.0.0.0/8", "2001:db8::/32"]},
    {"ae_title": "ANYWHERE"},
]


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Running]:
    """A listener that knows its senders."""
    with receiving(tmp_path, peers=PEERS) as started:
        yield started


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A listener that serves everybody and takes 1 MB."""
    with receiving(tmp_path, most_instance_megabytes=1) as started:
        yield started


@pytest.mark.parametrize("calling", ["SENDER", "ANYWHERE"])
def test_listed_senders_are_served(strict: Running, calling: str) -> None:
    with associated(strict.port, IMAGES_CONTEXT, calling=calling) as sender:
        assert sender.is_established


@pytest.mark.parametrize("calling", ["STRANGER", "ELSEWHERE", "sender"])
def test_others_are_rejected(
    strict: Running, calling: str, caplog: pytest.LogCaptureFixture
) -> None:
    with associated(strict.port, IMAGES_CONTEXT, calling=calling) as sender:
        assert rejection(sender) == UNKNOWN_CALLER
    (line,) = [each.getMessage() for each in caplog.records if each.name == "ctiqa.clinic"]
    assert line.startswith(f"receiver: 127.0.0.1: association of '{calling}' rejected: ")
    assert line.endswith("is not listed; add it to [[listen.peers]] if it may send")
    assert strict.listener.counts.facts() == {"rejected_associations": 1}


def test_a_stranger_may_not_even_echo(strict: Running) -> None:
    status, said = dcmtk("echoscu", strict.port, calling="STRANGER")
    assert status != 0
    assert "Calling AE Title Not Recognized" in said


def test_another_called_title_is_rejected(strict: Running) -> None:
    with associated(strict.port, IMAGES_CONTEXT, ae_title="ARCHIVE") as sender:
        assert rejection(sender) == UNKNOWN_CALLED


def test_a_caller_without_title_is_rejected(running: Running) -> None:
    sent = bytearray(request())
    sent[26:42] = b" " * 16
    with connected(running.port) as raw:
        raw.send(bytes(sent))
        assert raw.pdu() == (REJECT, b"\0\1\1\3")


def test_another_version_and_another_application_are_rejected(running: Running) -> None:
    version, application = bytearray(request()), request().replace(b"3.1.1.1", b"3.1.1.2")
    version[7] = 2
    for sent, answer in ((bytes(version), b"\0\1\2\2"), (application, b"\0\1\1\2")):
        with connected(running.port) as raw:
            raw.send(sent)
            assert raw.pdu() == (REJECT, answer)


OTHERS = [
    MRImageStorage,
    SecondaryCaptureImageStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    "1.2.840.10008.5.1.4.1.2.2.1",
    "1.2.3.4.5",
]


def test_other_classes_are_rejected_context_by_context(running: Running) -> None:
    others = [build_context(each, ExplicitVRLittleEndian) for each in OTHERS]
    with associated(running.port, *others, IMAGES_CONTEXT) as sender:
        assert [each.abstract_syntax for each in sender.accepted_contexts] == [CTImageStorage]
        # 3: abstract syntax not supported.
        assert {each.result for each in sender.rejected_contexts} == {3}
        assert len(sender.rejected_contexts) == len(OTHERS)


def test_an_unknown_transfer_syntax_is_rejected(running: Running) -> None:
    private = build_context(CTImageStorage, "1.2.3.4")
    with associated(running.port, private, build_context("1.2.840.10008.1.1")) as sender:
        # 4: transfer syntaxes not supported.
        assert [each.result for each in sender.rejected_contexts] == [4]


def test_storescu_is_told_what_is_wrong(strict: Running) -> None:
    file = str(EXAMPLE / "01.dcm")
    status, said = dcmtk("storescu", strict.port, "-xt", file, calling="STRANGER")
    assert status != 0
    assert "Calling AE Title Not Recognized" in said


def test_who_only_looks_whether_the_port_is_open_is_no_problem(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(tmp_path) as running:
        with connected(running.port):
            pass
        with connected(running.port) as raw:
            raw.associate()
    lines = [each.getMessage() for each in caplog.records if each.name == "ctiqa.clinic"]
    closed = "connection ended: the sender has closed the connection"
    assert lines == [f"receiver: RAW at 127.0.0.1: {closed}"]
