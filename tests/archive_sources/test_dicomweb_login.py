"""A login goes to the server that it is meant for, encrypted, and nowhere else."""

from __future__ import annotations

import pickle
import traceback
from base64 import b64encode
from pathlib import Path

import pytest
from tests.archive_sources.dicomweb_server import ROOT, Asked, FakeServer, Reply, Series, running

from ctiqa.archive.sources.dicomweb.site import Site, parse_site
from ctiqa.archive.sources.dicomweb.source import DicomwebSource
from ctiqa.errors import CtiqaError, OutputError, RefusedError, UsageError

SECRET = "s3cret%40word"  # noqa: S105 - of a server that lives as long as a test
PLAIN = "s3cret@word"


def with_login(url: str) -> str:
    return url.replace("http://", f"http://me:{SECRET}@")


def sent(server: FakeServer) -> set[str | None]:
    return {each.headers.get("Authorization") for each in server.asked}


def basic(login: str) -> str:
    return "Basic " + b64encode(login.encode()).decode()


def test_the_login_of_the_address(web: FakeServer, tmp_path: Path) -> None:
    web.series = [Series("1.2", "1.2.1")]
    (unit,) = DicomwebSource(with_login(web.url)).units()
    pickle.loads(pickle.dumps(unit)).fetch(tmp_path)  # noqa: S301
    assert sent(web) == {basic(f"me:{PLAIN}")}
    assert "@" not in unit.name


def test_a_token(web: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTIQA_DICOMWEB_TOKEN", "t0ken")
    list(DicomwebSource(web.url).units())
    assert sent(web) == {"Bearer t0ken"}


def test_user_and_password(web: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTIQA_DICOMWEB_USER", "müller")
    with pytest.raises(UsageError, match="must both be set"):
        DicomwebSource(web.url)
    monkeypatch.setenv("CTIQA_DICOMWEB_PASSWORD", PLAIN)
    list(DicomwebSource(web.url).units())
    assert sent(web) == {basic(f"müller:{PLAIN}")}


def test_a_token_that_could_inject_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTIQA_DICOMWEB_TOKEN", "a\r\nX-Evil: 1")
    with pytest.raises(UsageError, match="must be ASCII text in one line"):
        DicomwebSource("https://pacs.example/dicom-web")


def test_netrc_is_not_read(
    web: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login other password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(file))
    list(DicomwebSource(web.url).units())
    assert sent(web) == {None}


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{SECRET}@pacs.example/dicom-web",
        f"dicomweb+http://me:{SECRET}@pacs.example/dicom-web",
        f"HTTP://me:{SECRET}@127.0.0.1.pacs.example/dicom-web",
    ],
)
def test_a_login_is_never_sent_unencrypted_to_another_computer(url: str) -> None:
    with pytest.raises(UsageError, match="sent only to https") as caught:
        DicomwebSource(url)
    assert "s3cret" not in str(caught.value)


def test_nor_is_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTIQA_DICOMWEB_TOKEN", "t0ken")
    with pytest.raises(UsageError, match="sent only to https"):
        DicomwebSource("http://pacs.example/dicom-web")
    DicomwebSource("https://pacs.example/dicom-web")


def redirect(to: str) -> Reply:
    return Reply(302, headers={"Location": to})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_redirect_to_another_place_does_not_carry_the_login(web: FakeServer, host: str) -> None:
    """``localhost`` is another host; 127.0.0.1 has another port."""
    with running() as other:
        other.series = [Series("1.2", "1.2.1")]
        web.answer = lambda _: redirect(f"http://{host}:{other.port}{ROOT}/series?Modality=CT")
        list(DicomwebSource(with_login(web.url)).units())
        assert sent(other) == {None}
    assert sent(web) == {basic(f"me:{PLAIN}")}


def test_a_redirect_within_the_server_carries_it(web: FakeServer) -> None:
    def moved(asked: Asked) -> Reply:
        return redirect(f"{ROOT}/new") if asked.path == "/series" else Reply(204)

    web.answer = moved
    list(DicomwebSource(with_login(web.url)).units())
    assert web.paths() == ["/series", "/new"]
    assert sent(web) == {basic(f"me:{PLAIN}")}


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"])
def test_a_redirect_to_another_scheme_is_not_followed(web: FakeServer, target: str) -> None:
    web.answer = lambda _: redirect(target)
    with pytest.raises(OutputError, match=f"redirects from http to '{target.partition(':')[0]}:'"):
        list(DicomwebSource(web.url).units())


def test_a_redirect_in_circles(web: FakeServer) -> None:
    web.answer = lambda _: redirect(f"{ROOT}/series")
    with pytest.raises(OutputError, match="redirects in circles"):
        list(DicomwebSource(web.url).units())
    assert len(web.asked) <= 7


def answer_with(server: FakeServer, reply: Reply) -> None:
    server.answer = lambda _: reply


def test_the_password_is_shown_nowhere(web: FakeServer, tmp_path: Path) -> None:
    web.series = [Series("1.2", "1.2.1")]
    source = DicomwebSource(with_login(web.url))
    (unit,) = source.units()
    texts = [repr(source), source.name, repr(unit), unit.name, repr(unit.entries)]
    for reply in (Reply(401), Reply(500), Reply(404), Reply(body=b"<", media="text/html")):
        answer_with(web, reply)
        for act in (lambda: list(source.units()), lambda: unit.fetch(tmp_path)):
            with pytest.raises(CtiqaError) as caught:
                act()
            texts += traceback.format_exception(caught.value)
    assert not [text for text in texts if "s3cret" in text]


def test_a_refused_login_while_fetching(web: FakeServer, tmp_path: Path) -> None:
    web.series = [Series("1.2", "1.2.1")]
    (unit,) = DicomwebSource(web.url).units()
    web.answer = lambda _: Reply(401)
    with pytest.raises(RefusedError, match="CTIQA_DICOMWEB_TOKEN"):
        unit.fetch(tmp_path)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://h/dicom-web/", Site("https://h/dicom-web")),
        ("dicomweb+https://h:8443/x", Site("https://h:8443/x")),
        ("https://me:a%3Ab@h/x", Site("https://h/x", "me:a:b")),
        ("http://[::1]:8042/x", Site("http://[::1]:8042/x")),
    ],
)
def test_addresses(url: str, site: Site) -> None:
    assert parse_site(url) == site


@pytest.mark.parametrize(
    "url",
    ["https:///dicom-web", "https://h/x?key=1", "https://h/x#1", "https://me:a/b@h/x"],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_site(url)
    assert "a/b" not in str(caught.value)
