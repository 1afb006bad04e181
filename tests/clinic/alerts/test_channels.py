"""Webhook, e-mail and syslog, with servers of their own."""

from __future__ import annotations

import email
import email.policy
import json
import re
import socket
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.clinic.alerts.conftest import webhook
from tests.clinic.alerts.servers import mail_server, stream_server
from tests.clinic.conftest import START
from tests.clinic.sending.certificates import Authority
from tests.clinic.sending.conftest import closed_port
from tests.clinic.sending.peers import Site

from ctiqa.clinic.alerts.channels import syslog as syslog_module
from ctiqa.clinic.alerts.channels.fault import NotToldError, PartlyToldError
from ctiqa.clinic.alerts.channels.mail import mail_of, send_mail
from ctiqa.clinic.alerts.channels.syslog import records, send_syslog
from ctiqa.clinic.alerts.channels.webhook import send_webhook
from ctiqa.clinic.alerts.message import SCHEMA, Message, message_of
from ctiqa.clinic.config.sending import Mail, Syslog
from ctiqa.clinic.records.alerts import Alert, Happening, News

SECRET = "s3cret"  # noqa: S105


def alert(sentence: str = "Thorax ä: too noisy\r\nBcc: x@evil.example", **facts: Any) -> Alert:
    return Alert(
        key="limit:quality",
        sentence=sentence,
        facts={"protocol": "Thorax ä", "n_broken": 3},
        first_seen=START - timedelta(hours=2),
        last_seen=START,
        ended=facts.get("ended"),
        last_sent=None,
        n_seen=5,
    )


@pytest.fixture
def message() -> Message:
    kinds: tuple[Happening, ...] = ("new", "lasting")
    news = [News(kind, alert()) for kind in kinds]
    return message_of("CTIQA", START, [*news, News("ended", alert("the disk", ended=START))])


def mail(port: int, **keys: Any) -> Mail:
    values = {
        "name": "mail",
        "host": "127.0.0.1",
        "tls": "none",
        "sender": "ctiqa@hospital.example",
        "to": ["physics@hospital.example", "it@hospital.example"],
    }
    return Mail.model_validate({"kind": "mail", "port": port, **values, **keys})


def syslog(**keys: Any) -> Syslog:
    return Syslog.model_validate({"kind": "syslog", "name": "log", **keys})


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_message_in_words(message: Message) -> None:
    assert message.subject == "ctiqa CTIQA: 1 new, 1 still so, 1 ended"
    assert message.text.splitlines() == [
        message.subject,
        "",
        "New:",
        "- Thorax ä: too noisy\ufffd\ufffdBcc: x@evil.example",
        "",
        "Still so:",
        "- Thorax ä: too noisy\ufffd\ufffdBcc: x@evil.example (since 2026-11-26 10:00 UTC, seen 5 "
        "times)",
        "",
        "Ended:",
        "- the disk (from 2026-11-26 10:00 UTC to 2026-11-26 12:00 UTC)",
    ]


def test_a_webhook(hook: Site, message: Message, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    token.chmod(0o600)
    send_webhook(webhook(hook.url, token_file=str(token)), message)
    [request] = hook.requests
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert request.headers["Content-Type"] == "application/json"
    body = json.loads(request.body)
    assert sorted(body) == ["alerts", "created", "n_more", "schema", "source", "text", "version"]
    assert body["schema"] == SCHEMA
    assert body["text"] == message.text
    assert body["alerts"][2] == {
        "key": "limit:quality",
        "kind": "limit",
        "happening": "ended",
        "sentence": "the disk",
        "first_seen": "2026-11-26T10:00:00+00:00",
        "last_seen": "2026-11-26T12:00:00+00:00",
        "ended": "2026-11-26T12:00:00+00:00",
        "n_seen": 5,
        "facts": {"protocol": "Thorax ä", "n_broken": 3},
    }


@pytest.mark.parametrize("status", [301, 302, 400, 403, 500])
def test_a_webhook_that_refuses(hook: Site, message: Message, status: int) -> None:
    hook.answer = lambda request: (status, {"Location": "http://127.0.0.1:1/"}, b"")
    with pytest.raises(NotToldError, match=f"HTTP status {status}"):
        send_webhook(webhook(hook.url), message)


def test_a_webhook_that_is_down(message: Message) -> None:
    with pytest.raises(NotToldError, match="cannot be reached"):
        send_webhook(webhook(f"http://127.0.0.1:{closed_port()}"), message)


def test_a_mail(message: Message) -> None:
    with mail_server() as post:
        send_mail(mail(post.port), message)
    [content] = post.mails
    found = parsed(content)
    assert found["Subject"] == message.subject
    assert found["From"] == "ctiqa@hospital.example"
    assert found["To"] == "physics@hospital.example, it@hospital.example"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_content_type() == "text/plain"
    assert found.get_content().replace("\r\n", "\n") == message.text
    assert [each for each in post.commands if each.upper().startswith("RCPT")] == [
        "rcpt TO:<physics@hospital.example>",
        "rcpt TO:<it@hospital.example>",
    ]
    assert not any("evil" in each for each in post.commands)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_mail_over_tls_with_a_login(message: Message, tmp_path: Path, tls: str) -> None:
    authority = Authority(tmp_path)
    secret = tmp_path / "password"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    keys = {"tls": tls, "user": "me", "password_file": str(secret)}
    server = authority.signed("mail").server()
    with mail_server(server, at_once=tls == "tls", password=SECRET) as post:
        send_mail(mail(post.port, authorities=str(authority.file), **keys), message)
        assert post.is_encrypted
        assert post.logins == [f"me:{SECRET}"]
        with pytest.raises(NotToldError, match="certificate is not valid here"):
            send_mail(mail(post.port, **keys), message)
        secret.write_text("wrong")
        with pytest.raises(NotToldError, match="does not accept 'user' and the password") as error:
            send_mail(mail(post.port, authorities=str(authority.file), **keys), message)
    assert "Planted" not in str(error.value)
    assert len(post.mails) == 1


def test_a_mail_server_without_starttls_gets_nothing(message: Message) -> None:
    with mail_server() as post, pytest.raises(NotToldError, match="does not offer STARTTLS"):
        send_mail(mail(post.port, tls="starttls"), message)
    assert post.mails == []


def test_a_mail_server_that_refuses_receivers(message: Message) -> None:
    with mail_server() as post:
        post.refused = {"it@hospital.example"}
        with pytest.raises(PartlyToldError, match="refuses 1 of 2 receivers"):
            send_mail(mail(post.port), message)
        post.refused.add("physics@hospital.example")
        with pytest.raises(NotToldError, match="refuses all receivers"):
            send_mail(mail(post.port), message)
    assert len(post.mails) == 1


def test_a_mail_server_that_is_down(message: Message) -> None:
    with pytest.raises(NotToldError, match="nothing listens"):
        send_mail(mail(closed_port()), message)


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nRCPT TO:<x@evil.example>", "a@b.example\nBcc: x@evil.example", "a b@c", "a"],
)
def test_no_address_can_add_a_header(address: str) -> None:
    with pytest.raises(ValidationError, match="must be an e-mail address"):
        mail(25, to=[address])
    with pytest.raises(ValidationError, match="must be an e-mail address"):
        mail(25, sender=address)


def test_no_text_can_add_a_header(message: Message) -> None:
    found = mail_of(mail(25), message)
    assert "Bcc" not in found
    assert "evil" not in found["Subject"]


def test_a_password_is_not_sent_without_tls(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="must not send a password without TLS"):
        mail(25, user="me", password_file=str(tmp_path / "p"))


RECORD = re.compile(
    rb"<(?P<priority>\d+)>1 2026-11-26T12:00:00\.000\+00:00 [A-Za-z0-9.-]+ ctiqa \d+ alert - "
    rb"\xef\xbb\xbfCTIQA: (?P<text>.*)"
)


def checked(lines: list[bytes]) -> None:
    """The three lines of the message, as RFC 5424 has them."""
    found = [RECORD.fullmatch(line) for line in lines]
    assert all(found)
    assert [each["priority"] for each in found if each] == [b"28", b"28", b"29"]
    texts = [each["text"].decode() for each in found if each]
    assert [each.partition(":")[0] for each in texts] == ["new", "lasting", "ended"]
    assert "Thorax ä" in texts[0]


def test_syslog_by_udp(message: Message) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        send_syslog(syslog(host="127.0.0.1", port=server.getsockname()[1]), message)
        checked([server.recv(65536) for _ in range(3)])


def test_syslog_by_tcp(message: Message) -> None:
    with stream_server() as (port, got):
        send_syslog(syslog(host="127.0.0.1", port=port, protocol="tcp"), message)
    data, lines = b"".join(got), []
    while data:
        length, _, data = data.partition(b" ")
        lines.append(data[: int(length)])
        data = data[int(length) :]
    checked(lines)


def test_syslog_of_this_computer(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    # The path of a socket must be short.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        monkeypatch.setattr(syslog_module, "LOCAL", path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(path))
            server.settimeout(20)
            send_syslog(syslog(), message)
            got = [server.recv(65536).decode() for _ in range(3)]
    assert re.fullmatch(r"<28>ctiqa\[\d+\]: CTIQA: new: Thorax ä: too noisy.*", got[0])
    assert got[2].startswith("<29>")


def test_syslog_that_is_away(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotToldError, match="nothing listens"):
        send_syslog(syslog(host="127.0.0.1", port=closed_port(), protocol="tcp"), message)
    monkeypatch.setattr(syslog_module, "LOCAL", Path("/nowhere/log"))
    with pytest.raises(NotToldError, match="cannot be reached"):
        send_syslog(syslog(), message)


def test_what_is_only_counted_is_in_syslog_too() -> None:
    many = message_of("CTIQA", START, [News("new", alert())] * 21)
    *_, last = records(many)
    assert last.endswith(b"CTIQA: and 1 more; see the pages of ctiqa")
