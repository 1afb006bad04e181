"""What is refused in a configuration, and what the messages say and do not say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.config.full import Place, full, places, put

from ctiqa.clinic.config import Config, read_config
from ctiqa.clinic.config.config import StoreSection
from ctiqa.clinic.config.problems import PATTERNS, RANGES, RULES
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.config.structure import key_at, keys_of
from ctiqa.errors import UsageError

SECRET = "hunter2"  # noqa: S105 - looked for in messages


def problems(text: str, folder: Path) -> list[str]:
    """What is said of a file, line by line."""
    file = folder / "ctiqa.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_config(file)
    head, *lines = str(error.value).split("\n  ")
    assert "ctiqa.toml" in head
    return lines or [head]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[listen]\nprot = 1", "listen.prot: there is no such key; did you mean 'port'?"),
        ("[lisen]", "lisen: there is no such key; did you mean 'listen'?"),
        (
            "[[listen]]",
            "listen: must be one table, written [listen] with one bracket, got a list of tables",
        ),
        (
            '[send]\nkind = "dicom"',
            "send: must be written [[send]] with two brackets, once for each, got a table",
        ),
        ("send = [1]", "send[1]: must be written [[send]] with two brackets, once for each, got"),
        (
            "[[listen.tls]]",
            "listen.tls: must be one table, written [listen.tls] with one bracket, got a list",
        ),
        ('[listen]\nport = "104"', "listen.port: must be a whole number without quotes, got text"),
        ("[listen]\nport = 1.5", "listen.port: must be a whole number without quotes, got 1.5"),
        ("[listen]\nport = true", "listen.port: must be a whole number without quotes, got true"),
        ("[listen]\nport = 70000", "listen.port: must be at most 65535, got 70000"),
        ("[listen]\nhost = 5", "listen.host: must be text in quotes, got a number"),
        ("[listen]\nany_peer = 1", "listen.any_peer: must be true or false, without quotes, got"),
        ("[spool]\nkeep_gigabytes = 0", "spool.keep_gigabytes: must be more than 0, got 0"),
        ("[spool]\nkeep_days = -1.5", "spool.keep_days: must be at least 0, got -1.5"),
        ("[spool]\nkeep_days = nan", "spool.keep_days: must be a finite number, got nan or inf"),
        ("[spool]\nkeep_gigabytes = inf", "spool.keep_gigabytes: must be a finite number"),
        ('[spool]\nfolder = "spool"', "spool.folder: must be an absolute path, beginning with '/'"),
        ("[spool]\nfolder = 3", "spool.folder: must be the absolute path of a file or folder"),
        ("[spool]\nfolder = 2026-01-01", "got a date or time"),
        ('[store]\nuids = "plane"', "store.uids: must be one of plain, hashed, got 'plane'"),
        ('[store]\naddress = "ct.sqlite"', "store.address: must be the absolute path of an SQLite"),
        ('[store]\naddress = "mysql://h/d"', "store.address: must be the absolute path of an SQL"),
        ('[store]\naddress = "postgresql://db"', "store.address: the address of a PostgreSQL sto"),
        ('[store]\npassword_file = "/p"', "store: 'password_file' belongs to PostgreSQL"),
        ('[[send]]\nname = "a"', "send[1]: 'kind' must be one of dicom, stow"),
        (
            '[[alert]]\nkind = "sms"',
            "alert[1]: 'kind' must be one of webhook, mail, syslog, got",
        ),
        (
            '[[send]]\nkind = "dicom"\nname = "a"\nhost = "h"\nport = 1\nprot = 2\nae_title = "A"',
            "send[1].prot: there is no such key; did you mean 'port'?",
        ),
        (
            '[[send]]\nkind = "dicom"\nname = "a"\nhost = "h"\nport = 1',
            "send[1].ae_title: is missing; write ae_title = … (AE title of the archive)",
        ),
        (
            '[[send]]\nkind = "stow"\nname = "a"\nurl = "http://h"\nresults = []',
            "send[1].results: must not be empty; state at least one",
        ),
        (
            '[[send]]\nkind = "stow"\nname = "a"\nurl = "http://h"\nresults = ["csv"]',
            "send[1].results[1]: must be one of sr, pdf, got 'csv'",
        ),
        (
            '[[web.users]]\nname = "a b"\npassword = "$argon2id$v=19$m=8,t=1,p=1$a$b"',
            "web.users[1].name: must consist of 1 to 64 letters, digits, and the characters _ . @",
        ),
        (
            '[[web.tokens]]\nname = "a"\nsha256 = "0"\nscopes = "read"',
            "web.tokens[1].scopes: must be a list in square brackets, got text",
        ),
        (
            '[[listen.peers]]\nae_title = "A"\n[[listen.peers]]\nae_title = "A"',
            "listen.peers: must have different AE titles, got 'A' twice",
        ),
        (
            '[[listen.peers]]\nae_title = "A"\naddresses = ["10.0.0.1/8"]',
            "listen.peers[1].addresses[1]: must be an IP address or a network",
        ),
        (
            '[[fetch]]\nkind="orthanc"\nname="a"\nurl="http://h"\n' * 2,
            "tables of 'fetch' must have different names, got 'a' twice",
        ),
        ("[web]\nport = 11112", "the file: 'listen.port' and 'web.port' must differ, got 11112"),
        ("[listen]\nport = 1\nport = 2\n", "line 3: a key or table is there a second time"),
        ("[listen]\n[listen]\n", "line 2: a key or table is there a second time; remove one"),
        ("a = 1\na = 2", "is not TOML: end: a key or table is there a second time"),
        ("[listen\n", "is not TOML: line 1: "),
        ("port = 1" + "0" * 5000, "is not TOML: "),
        ("a = " + "[" * 5000, "is not TOML: "),
    ],
)
def test_what_is_said(text: str, said: str, tmp_path: Path) -> None:
    lines = problems(text, tmp_path)
    assert any(said in line for line in lines), lines


def test_every_problem_is_listed(tmp_path: Path) -> None:
    text = '[listen]\nport = 70000\nae_title = "A\\\\B"\n[spool]\nkeep_days = "7"\n[foo]'
    assert [line.partition(":")[0] for line in problems(text, tmp_path)] == [
        "foo",
        "listen.ae_title",
        "listen.port",
        "spool.keep_days",
    ]


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: .*; name a TOML file"):
        read_config(tmp_path / "missing.toml")
    with pytest.raises(UsageError, match=r"must be a TOML file, got a folder"):
        read_config(tmp_path)


def test_a_list_with_a_wrong_entry_is_not_called_empty(tmp_path: Path) -> None:
    target = '[[send]]\nkind = "stow"\nname = "a"\nurl = "https://h"\n'
    [line] = problems(target + 'results = ["csv"]', tmp_path)
    assert line.startswith("send[1].results[1]: must be one of sr, pdf")


def test_every_key_may_be_set() -> None:
    made = config_from(full())
    assert [target.kind for target in made.send] == ["dicom", "stow"]
    assert made.web.users[0].where == ("station=CT1",)


def said_of(place: Place, value: Any) -> str:
    """The message for a value at a place; empty if it is valid."""
    values = full()
    put(values, place, value)
    try:
        config_from(values)
    except UsageError as error:
        return str(error)
    return ""


QUOTED = {"addresses", "proxies", "where"}
"""Keys whose wrong texts are quoted although they are not one of a list of words."""


def secret_places() -> list[Place]:
    """Places where a password could be by mistake."""
    found = []
    for place in places(full()):
        key = key_at(place, Config)
        assert key is not None, place
        if not key.choices and key.name not in QUOTED:
            found.append(place)
    return found


@pytest.mark.parametrize("place", secret_places(), ids=str)
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"a": SECRET}, f"//{SECRET}:{SECRET}@h/x"])
def test_no_message_repeats_what_could_be_a_secret(place: Place, value: Any) -> None:
    assert SECRET not in said_of(place, value)


def test_an_unknown_key_is_named_without_its_value(tmp_path: Path) -> None:
    [line] = problems(f'[store]\npassword = "{SECRET}"', tmp_path)
    assert line.startswith("store.password: there is no such key; did you mean 'password_file'?")
    assert SECRET not in line


@pytest.mark.parametrize("place", list(places(full())), ids=str)
@pytest.mark.parametrize("value", ["x y", -1, 1e9, True, [], [1], {}, [{}], float("nan")])
def test_words_of_the_library_are_not_shown(place: Place, value: Any) -> None:
    said = said_of(place, value)
    assert not re.search(r"Input should|valid (string|integer|number|tuple)|pydantic", said)
    assert not said or re.search(rf"\b{place[-1]}\b|{place[-2]}", said)


def test_every_pattern_of_a_key_has_words() -> None:
    used = {
        part.pattern
        for place in places(full())
        if (key := key_at(place, Config)) is not None
        for part in key.field.metadata
        if getattr(part, "pattern", None)
    }
    assert used == set(PATTERNS)
    assert len(RULES) == 5
    assert len(RANGES) == 4


def test_every_key_has_a_meaning() -> None:
    seen = list(keys_of(Config))
    while seen:
        key = seen.pop()
        assert key.meaning.endswith((".", '"')), key
        seen += [inner for section in key.sections for inner in keys_of(section)]


def test_the_password_of_a_database_comes_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a/b@c\n", encoding="utf-8")
    file.chmod(0o600)
    section = StoreSection(address="postgresql://me@h:1/d", password_file=file)
    assert section.url() == "postgresql://me:a%2Fb%40c@h:1/d"
    file.chmod(0o604)
    with pytest.raises(UsageError, match="everybody may read it"):
        section.url()
