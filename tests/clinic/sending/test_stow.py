"""STOW-RS to servers that answer with each status, or do not answer."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.clinic.sending.conftest import Outbox, closed_port, stow
from tests.clinic.sending.peers import Request, part_of, site

from ctiqa.clinic.sending import posting


def failed(reason: int, uid: str = "1.2.1") -> bytes:
    """A body that says that an instance was not stored."""
    item = {
        "00081155": {"vr": "UI", "Value": [uid]},
        "00081197": {"vr": "US", "Value": [reason]},
    }
    return json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()


def test_each_result_is_sent_whole(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2", target="web")
    with site() as server:
        assert outbox.turn(stow(f"{server.url}/dicom-web/")) == 2
    assert [each.path for each in server.requests] == ["/dicom-web/studies"] * 2
    assert [part_of(each).SOPInstanceUID for each in server.requests] == ["1.2.1", "1.2.2"]
    sent = server.requests[0].body
    assert (outbox.folder / "1.2.1.dcm").read_bytes() in sent
    assert "Authorization" not in server.requests[0].headers
    assert outbox.states() == [("sent", 1)] * 2


@pytest.mark.parametrize(
    ("status", "body", "state", "words"),
    [
        (200, b"", "sent", ""),
        (202, b"<xml/>", "sent", ""),
        (200, failed(0x0111), "sent", ""),
        (409, failed(0x0111), "sent", ""),
        (202, failed(0xA700), "waiting", "0xA700"),
        (200, failed(0xC001), "failed", "0xC001"),
        (409, failed(0xC001), "failed", "0xC001"),
        (409, b"[" * 100_000, "failed", "HTTP status 409"),
        (200, failed(0xC001, "9.9"), "sent", ""),
        (400, b"Planted^Zachary", "failed", "HTTP status 400"),
        (413, b"", "failed", "too large"),
        (415, b"", "failed", "kind of content"),
        (401, b"", "waiting", "login"),
        (403, b"", "waiting", "does not allow it"),
        (404, b"", "waiting", "correct 'url'"),
        (408, b"", "waiting", "overloaded"),
        (429, b"", "waiting", "overloaded"),
        (500, b"", "waiting", "overloaded"),
        (503, b"", "waiting", "overloaded"),
        (507, b"", "waiting", "overloaded"),
    ],
)
def test_an_answer(outbox: Outbox, status: int, body: bytes, state: str, words: str) -> None:
    outbox.put("1.2.1", target="web")
    with site() as server:
        server.answer = lambda request: (status, {"Content-Type": "application/json"}, body)
        outbox.turn(stow(server.url))
    assert outbox.states() == [(state, 1)]
    assert words in outbox.error()
    assert "Planted" not in outbox.error()
    assert bool(outbox.error()) == (state != "sent")


def test_a_server_that_is_overloaded_is_asked_once_for_all(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2", "1.2.3", target="web")
    with site() as server:
        server.answer = lambda request: (503, {}, b"")
        outbox.turn(stow(server.url))
    assert len(server.requests) == 1
    assert outbox.states() == [("waiting", 1)] * 3


def test_an_error_for_one_result_holds_up_no_other(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2", target="web")

    def answer(request: Request) -> tuple[int, dict[str, str], bytes]:
        return (500 if part_of(request).SOPInstanceUID == "1.2.1" else 200), {}, b""

    with site() as server:
        server.answer = answer
        outbox.turn(stow(server.url))
    assert outbox.states() == [("waiting", 1), ("sent", 1)]


def test_a_redirect_is_not_followed(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put("1.2.1", target="web")
    token = secret(tmp_path / "token", "s3cret")
    with site() as elsewhere, site() as server:
        server.answer = lambda request: (307, {"Location": elsewhere.url}, b"")
        outbox.turn(stow(server.url, token_file=str(token)))
    assert elsewhere.requests == []
    assert outbox.states() == [("waiting", 1)]
    assert "redirects to another address" in outbox.error()


def secret(file: Path, text: str) -> Path:
    """A file that only its owner may read."""
    file.write_text(text + "\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_login(
    outbox: Outbox, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    outbox.put("1.2.1", target="web")
    file = str(secret(tmp_path / "secret", "s3cret"))
    keys: dict[str, Any] = {"token_file": file}
    if kind == "basic":
        keys = {"user": "me", "password_file": file}
    with site() as server:
        outbox.turn(stow(server.url, **keys))
    expected = "Basic " + base64.b64encode(b"me:s3cret").decode()
    assert server.requests[0].headers["Authorization"] == (
        expected if kind == "basic" else "Bearer s3cret"
    )


def test_a_secret_that_cannot_be_read_is_said(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put("1.2.1", target="web")
    with site() as server:
        outbox.turn(stow(server.url, token_file=str(tmp_path / "none")))
    assert server.requests == []
    assert outbox.states() == [("waiting", 1)]
    assert "cannot be read" in outbox.error()


def test_a_login_is_not_sent_where_others_can_read_it(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="'open_login = true'"):
        stow("http://pacs.example/dicom-web", token_file=str(tmp_path / "t"))
    stow("http://pacs.example/dicom-web", token_file=str(tmp_path / "t"), open_login=True)
    stow("https://pacs.example/dicom-web", token_file=str(tmp_path / "t"))


def test_nothing_listens(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2", target="web")
    outbox.turn(stow(f"http://127.0.0.1:{closed_port()}"))
    assert outbox.states() == [("waiting", 1)] * 2
    assert "cannot be reached" in (outbox.deliveries.listed("waiting")[0].error or "")


def test_a_server_that_does_not_answer(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUT_S", (0.2, 0.2))
    outbox.put("1.2.1", target="web")
    from threading import Event

    go_on = Event()

    def late(request: Request) -> tuple[int, dict[str, str], bytes]:
        go_on.wait(20)
        return 200, {}, b""

    with site() as server:
        server.answer = late
        outbox.turn(stow(server.url))
        go_on.set()
    assert outbox.states() == [("waiting", 1)]
    assert "does not answer in time" in outbox.error()


def test_an_endless_answer_is_cut(outbox: Outbox) -> None:
    outbox.put("1.2.1", target="web")
    with site() as server:
        server.answer = lambda request: (200, {}, b" " * (3 * posting.MOST_BYTES))
        outbox.turn(stow(server.url))
    assert outbox.states() == [("sent", 1)]
