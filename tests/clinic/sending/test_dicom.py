"""C-STORE to archives that answer with each status, or do not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tests.clinic.sending.conftest import Outbox, closed_port, dicom
from tests.clinic.sending.peers import PDF, VERIFICATION, Archive, archive


@pytest.fixture(scope="module")
def pacs() -> Iterator[Archive]:
    """An archive whose answers tests choose."""
    with archive() as found:
        yield found


def test_all_results_go_on_one_association(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2")
    outbox.put("1.2.3", sop_class=PDF)
    with archive() as pacs:
        assert outbox.turn(dicom(pacs.port)) == 3
        assert outbox.turn(dicom(pacs.port)) == 0
    assert pacs.uids == ["1.2.1", "1.2.2", "1.2.3"]
    assert str(pacs.stored[0].PatientName) == "Planted^Zachary"
    assert pacs.n_associations == 1
    assert outbox.states() == [("sent", 1)] * 3


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0x0000, "sent"),
        (0x0111, "sent"),
        (0xB000, "sent"),
        (0xB006, "sent"),
        (0xB007, "sent"),
        (0x0107, "sent"),
        (0xA700, "waiting"),
        (0xA7FF, "waiting"),
        (0x0110, "waiting"),
        (0x0124, "waiting"),
        (0x0213, "waiting"),
        (0xFE00, "waiting"),
        (0x0122, "failed"),
        (0x0117, "failed"),
        (0xA900, "failed"),
        (0xA9AB, "failed"),
        (0xC000, "failed"),
        (0xC123, "failed"),
        (0xCFFF, "failed"),
    ],
)
def test_a_status(outbox: Outbox, pacs: Archive, status: int, state: str) -> None:
    outbox.put("1.2.1")
    pacs.status = lambda uid: status
    outbox.turn(dicom(pacs.port))
    assert outbox.states() == [(state, 1)]
    if state == "sent":
        assert outbox.error() == ""
    else:
        assert f"(status 0x{status:04X})" in outbox.error()


def test_a_refused_result_holds_up_no_other(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2", "1.2.3")
    with archive() as pacs:
        pacs.status = lambda uid: 0xC001 if uid == "1.2.2" else 0
        outbox.turn(dicom(pacs.port))
    assert [state for state, _ in outbox.states()] == ["sent", "failed", "sent"]


def test_a_kind_of_object_that_is_not_taken_is_final(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    outbox.put("1.2.2", sop_class=PDF)
    with archive(classes=[PDF]) as pacs:
        outbox.turn(dicom(pacs.port))
    assert outbox.states() == [("failed", 1), ("sent", 1)]
    assert "allow structured reports" in (outbox.deliveries.listed("failed")[0].error or "")


def test_an_archive_that_takes_nothing_of_it(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    with archive(classes=[VERIFICATION]) as pacs:
        outbox.turn(dicom(pacs.port))
    assert outbox.states() == [("failed", 1)]


def test_an_archive_that_takes_only_the_default_encoding(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    with archive(syntaxes=["1.2.840.10008.1.2"]) as pacs:
        outbox.turn(dicom(pacs.port))
    assert outbox.states() == [("sent", 1)]
    assert pacs.stored[0].PatientID == "PLANTED-007"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"strict": True, "ae_title": "OTHER"}, "another AE title than 'PACS'"),
        ({"callers": ["SCANNER"]}, "does not know the AE title of ctiqa ('CTIQA')"),
    ],
)
def test_a_stranger_is_tried_again_because_somebody_may_add_it(
    outbox: Outbox, settings: Any, words: str
) -> None:
    outbox.put("1.2.1", "1.2.2")
    with archive(**settings) as pacs:
        outbox.turn(dicom(pacs.port))
    assert outbox.states() == [("waiting", 1)] * 2
    assert words in (outbox.deliveries.listed("waiting")[0].error or "")


def test_its_own_ae_title_may_be_chosen(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    with archive(callers=["QUALITY"]) as pacs:
        outbox.turn(dicom(pacs.port, calling="QUALITY"))
    assert outbox.states() == [("sent", 1)]


def test_nothing_listens(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    outbox.turn(dicom(closed_port()))
    assert outbox.states() == [("waiting", 1)]
    assert outbox.error() == "nothing listens at its address and port; see whether it runs"


def test_an_unknown_host(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outbox.put("1.2.1")
    outbox.turn(dicom(104, host="no-such-host.invalid"))
    assert outbox.states() == [("waiting", 1)]
    assert "the name of its host is unknown" in outbox.error()


def test_an_archive_that_cuts_the_connection_is_asked_again_for_the_rest(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2", "1.2.3")
    got: list[str] = []

    def cut(event: Any) -> int:
        uid = event.request.AffectedSOPInstanceUID
        if uid == "1.2.1":
            event.assoc.abort()
        got.append(uid)
        return 0x0000

    with archive(handler=cut) as pacs:
        outbox.turn(dicom(pacs.port))
    assert outbox.states() == [("waiting", 1), ("sent", 1), ("sent", 1)]
    assert got == ["1.2.1", "1.2.2", "1.2.3"]
    assert pacs.n_associations == 2


def test_no_error_names_the_patient(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    with archive(handler=refuse_by_name) as pacs:
        outbox.turn(dicom(pacs.port))
    assert outbox.states() == [("failed", 1)]
    assert "Planted" not in outbox.error()


def refuse_by_name(event: Any) -> Any:
    """A comment of an archive that quotes the patient."""
    from pydicom.dataset import Dataset

    answer = Dataset()
    answer.Status = 0xC000
    answer.ErrorComment = f"unknown patient {event.dataset.PatientName}"
    return answer
