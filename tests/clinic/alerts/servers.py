"""Servers for SMTP and syslog, no more of them than the tests need."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any


@dataclass
class Post:
    """What a mail server got.

    Attributes:
        port: Its port.
        commands: All commands, without logins.
        logins: User and password of each login.
        mails: The messages.
        refused: Receivers that it refuses.
        is_encrypted: Whether the last message came over TLS.
    """

    port: int = 0
    commands: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    is_encrypted: bool = False


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, *, at_once: bool = False, password: str | None = None
) -> Iterator[Post]:
    """A mail server.

    Args:
        tls: Its certificate; without, it offers no encryption.
        at_once: TLS from the beginning instead of STARTTLS.
        password: The password it accepts.
    """
    post = Post()

    def serve(connection: socket.socket) -> None:
        if at_once and tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        conversation = _Conversation(connection, post, None if at_once else tls, password)
        with closing(conversation):
            conversation.hold()

    with _listening(serve) as port:
        post.port = port
        yield post


class _Conversation:
    """SMTP (RFC 5321), as far as the library speaks it."""

    def __init__(
        self, connection: Any, post: Post, tls: ssl.SSLContext | None, password: str | None
    ) -> None:
        self._connection = connection
        self._post = post
        self._tls = tls
        self._password = password
        self._lines = connection.makefile("rb")

    def close(self) -> None:
        self._lines.close()
        self._connection.close()

    def hold(self) -> None:
        self._say("220 stub")
        while line := self._lines.readline():
            text = line.decode().rstrip("\r\n")
            verb = text.partition(" ")[0].upper()
            if verb != "AUTH":
                self._post.commands.append(text)
            answer = getattr(self, f"_{verb.lower()}", None)
            self._say(answer(text) if answer else "250 ok")
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and self._tls is not None:
                self._lines.close()
                self._connection = self._tls.wrap_socket(self._connection, server_side=True)
                self._lines = self._connection.makefile("rb")

    def _say(self, text: str) -> None:
        self._connection.sendall(f"{text}\r\n".encode())

    def _ehlo(self, text: str) -> str:
        is_open = not isinstance(self._connection, ssl.SSLSocket)
        offers = ["STARTTLS"] if self._tls and is_open else []
        offers += ["AUTH PLAIN"] if self._password else []
        return "\r\n".join(f"250-{each}" for each in ["stub", *offers]) + "\r\n250 SIZE"

    def _auth(self, text: str) -> str:
        login = base64.b64decode(text.rpartition(" ")[2]).decode().split("\0")[1:]
        self._post.logins.append(":".join(login))
        return "235 ok" if login[1] == self._password else "535 no such Planted^Zachary"

    def _rcpt(self, text: str) -> str:
        address = text[text.index("<") + 1 : text.index(">")]
        return "550 no" if address in self._post.refused else "250 ok"

    def _starttls(self, text: str) -> str:
        return "220 go on" if self._tls else "502 no"

    def _data(self, text: str) -> str:
        self._say("354 go on")
        lines = []
        while (line := self._lines.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self._post.mails.append(b"".join(lines))
        self._post.is_encrypted = isinstance(self._connection, ssl.SSLSocket)
        return "250 ok"

    def _quit(self, text: str) -> str:
        return "221 bye"


@contextmanager
def stream_server() -> Iterator[tuple[int, list[bytes]]]:
    """A server that keeps all that comes on each connection."""
    got: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            got.append(stream.read())

    with _listening(serve) as port:
        yield port, got


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection after the other; a client that hangs up is no error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        is_open = True

        def accept() -> None:
            while is_open:
                with suppress(TimeoutError, OSError):
                    connection, _ = server.accept()
                    connection.settimeout(20)
                    serve(connection)

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            is_open = False
            thread.join(30)
