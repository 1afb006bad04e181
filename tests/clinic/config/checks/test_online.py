"""Other servers are called once, and only when asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from tests.clinic.config.checks.made import Found, config, found

from ctiqa.clinic.config.checks.online import check_online
from ctiqa.clinic.config.checks.run import OFFLINE, check_all

PASSWORD = "s3cret"  # noqa: S105 - of a server of the tests


@contextmanager
def archive(*, callers: list[str] | None = None, status: int = 0) -> Iterator[int]:
    """A DICOM server that answers C-ECHO; yields its port."""
    entity = AE(ae_title="PACS")
    entity.add_supported_context(Verification)
    entity.require_calling_aet = callers or []
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, lambda _event: status)]
    )
    assert server is not None
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def dicom(port: int, **more: Any) -> dict[str, Any]:
    place = {"kind": "dicom", "name": "pacs", "host": "127.0.0.1", "port": port}
    return place | {"ae_title": "PACS"} | more


def checked(folder: Path, **values: Any) -> Found:
    return found(check_online(config(folder, **values)))


@pytest.mark.parametrize(
    ("callers", "status", "state", "says"),
    [
        (None, 0, "ok", "PACS answers C-ECHO"),
        (["CTIQA"], 0, "ok", "PACS answers C-ECHO"),
        (["OTHER"], 0, "broken", "rejects 'CTIQA'; register it there"),
        (None, 0x0122, "broken", "does not answer C-ECHO"),
    ],
)
def test_echo(callers: Any, status: int, state: str, says: str, tmp_path: Path) -> None:
    with archive(callers=callers, status=status) as port:
        got, sentence = checked(tmp_path, send=[dicom(port)])["send[1]"]
    assert (got, says in sentence) == (state, True)


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with archive() as port:
        pass
    state, sentence = checked(tmp_path, send=[dicom(port)])["send[1]"]
    assert (state, "cannot be reached" in sentence) == ("broken", True)


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    tls = {"authorities": str(tmp_path / "none.pem")}
    with archive() as port:
        state, sentence = checked(tmp_path, send=[dicom(port, tls=tls)])["send[1]"]
    assert (state, "TLS cannot be used" in sentence) == ("broken", True)


class _Answers(BaseHTTPRequestHandler):
    asked: list[tuple[str, str, str | None]]
    status: int

    def _answer(self) -> None:
        self.asked.append((self.command, self.path, self.headers["Authorization"]))
        self.send_response(self.status)
        self.end_headers()

    do_HEAD = do_GET = do_POST = _answer  # noqa: N815 - names of the library

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def web(status: int = 200) -> Iterator[tuple[str, list[tuple[str, str, str | None]]]]:
    """A web server; yields its address and what it is asked."""
    handler = type("Handler", (_Answers,), {"asked": [], "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "state"), [(200, "ok"), (405, "ok"), (401, "broken"), (403, "broken"), (503, "bro")]
)
def test_web_servers_are_asked_by_head(status: int, state: str, tmp_path: Path) -> None:
    with web(status) as (url, asked):
        checks = checked(
            tmp_path,
            send=[{"kind": "stow", "name": "a", "url": f"{url}/dicom-web"}],
            fetch=[{"kind": "orthanc", "name": "a", "url": url}],
            alert=[{"kind": "webhook", "name": "a", "url": f"{url}/hook"}],
        )
    assert set(checks) == {"send[1]", "fetch[1]", "alert[1]"}
    assert all(got.startswith(state) for got, _ in checks.values())
    assert asked == [
        ("HEAD", "/dicom-web/studies?limit=1", None),
        ("HEAD", "/system", None),
        ("HEAD", "/hook", None),
    ]


def test_mail_and_syslog_are_only_connected_to(tmp_path: Path) -> None:
    with web() as (url, asked):
        port = int(url.rpartition(":")[2])
        mail = {"kind": "mail", "name": "a", "host": "127.0.0.1", "port": port}
        mail |= {"sender": "a@b.example", "to": ["a@b.example"]}
        syslog = {"kind": "syslog", "name": "b", "host": "127.0.0.1", "port": port}
        checks = checked(
            tmp_path,
            alert=[
                mail,
                {**syslog, "protocol": "tcp"},
                {**syslog, "name": "c"},
                {"kind": "syslog", "name": "d"},
            ],
        )
    assert {place: state for place, (state, _) in checks.items()} == {
        "alert[1]": "ok",
        "alert[2]": "ok",
        "alert[3]": "note",
    }
    assert asked == []
    state, sentence = checked(tmp_path, alert=[mail])["alert[1]"]
    assert (state, "cannot be reached" in sentence) == ("broken", True)


def test_nobody_is_called_without_being_asked(tmp_path: Path) -> None:
    with web() as (url, asked):
        made = config(tmp_path, fetch=[{"kind": "orthanc", "name": "a", "url": url}])
        assert "fetch[1]" not in found(check_all(made))
        assert asked == []
        assert found(check_all(made, online=True))["fetch[1]"][0] == "ok"
        assert len(asked) == 1
    assert check_online not in OFFLINE
