"""``ctiqa config`` as it is typed: exit statuses, outputs, what is said and what is not."""

from __future__ import annotations

import getpass
import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from ctiqa.cli.commands.clinic.config import config_app
from ctiqa.clinic.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.errors import UsageError

WELL = """
[store]
address = "{folder}/ct.sqlite"
[spool]
folder = "{folder}/spool"
keep_gigabytes = 0.001
reserve_gigabytes = 0
[listen]
port = 0
peers = [{{ ae_title = "PACS" }}]
[web]
port = 0
"""


def call(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(config_app, list(words), input=typed, env={"COLUMNS": "200"})


def written(folder: Path, more: str = "") -> str:
    file = folder / "ctiqa.toml"
    file.write_text(WELL.format(folder=folder) + more, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("more", "status", "says"),
    [
        ("", 0, "0 broken, 0 warnings"),
        ("[watch]\nlimits = '/none'", 4, "1 broken, 0 warnings"),
        ("[score]\nworkers = 64", 3, "0 broken, 1 warning,"),
    ],
)
def test_statuses(
    more: str, status: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.clinic.config.checks.scoring.usable_cores", lambda: 2)
    out = tmp_path / "report.json"
    done = call("check", written(tmp_path, more), "--out", str(out))
    assert done.exit_code == status
    assert says in done.output
    report = json.loads(out.read_bytes())
    states = [each["state"] for each in report["checks"]]
    assert ("broken" in states, "warning" in states) == (status == 4, status == 3)
    assert all(set(each) == {"what", "state", "sentence"} for each in report["checks"])
    assert [file.name for file in tmp_path.iterdir()].count("spool") == 0


def test_a_wrong_file(tmp_path: Path) -> None:
    done = call("check", written(tmp_path, "[lisen]"), "--out", str(tmp_path / "report.json"))
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "report.json").exists()


def test_a_report_of_another_kind(tmp_path: Path) -> None:
    done = call("check", written(tmp_path), "--out", str(tmp_path / "report.txt"))
    assert isinstance(done.exception, UsageError)
    assert "must be a .json file" in str(done.exception)


def test_example_can_be_read() -> None:
    done = call("example")
    assert done.exit_code == 0
    assert config_from(tomllib.loads(done.output)) == Config()


def test_a_password_from_standard_input() -> None:
    done = call("password", typed="correct horse battery\n")
    assert PasswordHasher().verify(done.output.strip(), "correct horse battery")
    assert isinstance(call("password", typed="short\n").exception, UsageError)


def test_a_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from ctiqa.cli import configuring

    answers = iter(["correct horse battery"] * 2 + ["one long password", "another password"])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(answers))
    monkeypatch.setattr(sys, "stdin", _Terminal())
    assert configuring._password() == "correct horse battery"
    with pytest.raises(UsageError, match="must be equal"):
        configuring._password()


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_a_token_and_its_digest() -> None:
    done = call("token")
    [token] = re.findall(r": (\S+)$", done.stderr.strip())
    line = tomllib.loads(done.stdout)
    assert line == {"sha256": hashlib.sha256(token.encode()).hexdigest()}
    assert token not in done.stdout
    tokens = [{"name": "a", "scopes": ["read"], **line}]
    assert config_from({"web": {"tokens": tokens}}).web.tokens[0].sha256 == line["sha256"]
    assert call("token").stdout != done.stdout
