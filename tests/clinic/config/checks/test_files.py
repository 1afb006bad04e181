"""Folders and secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.clinic.config.checks.made import config, found

from ctiqa.clinic.config.checks.files import check_files

USER = {"name": "a", "password": "$argon2id$v=19$m=8,t=1,p=1$a$b"}


def test_what_is_made_at_the_start_is_well_and_not_made_now(tmp_path: Path) -> None:
    checks = found(check_files(config(tmp_path, web={"users": [USER]})))
    assert checks["spool.folder"] == ("ok", f"'{tmp_path / 'spool'}' will be created at start")
    assert checks["web.secret_file"][0] == "ok"
    assert {each for each, _ in checks.values()} <= {"ok", "note"}
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_others_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    folder.chmod(0o750)
    state, sentence = [
        (each.state, each.sentence)
        for each in check_files(config(tmp_path))
        if each.what == "spool.folder"
    ][-1]
    assert state == "warning"
    assert f"chmod 700 '{folder}'" in sentence
    folder.chmod(0o700)
    assert found(check_files(config(tmp_path)))["spool.folder"][0] == "ok"


def test_a_file_where_the_spool_belongs(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    assert found(check_files(config(tmp_path)))["spool.folder"][0] == "broken"


def test_a_disk_that_is_too_small(tmp_path: Path) -> None:
    spool = {"reserve_gigabytes": 1e9}
    state, sentence = found(check_files(config(tmp_path, spool=spool)))["spool.reserve_gigabytes"]
    assert state == "broken"
    assert "nothing would be accepted" in sentence
    checks = found(check_files(config(tmp_path, spool={"keep_gigabytes": 1e9})))
    assert checks["spool.keep_gigabytes"][0] == "warning"


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such permissions")
@pytest.mark.parametrize(
    ("mode", "text", "state"),
    [
        (0o600, "secret\n", "ok"),
        (0o640, "secret", "ok"),
        (0o644, "secret", "broken"),
        (0o600, "\n", "broken"),
        (None, "", "broken"),
    ],
)
def test_secrets(mode: int | None, text: str, state: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if mode is not None:
        file.write_text(text)
        file.chmod(mode)
    target = {"kind": "stow", "name": "a", "url": "https://h", "token_file": str(file)}
    got, sentence = found(check_files(config(tmp_path, send=[target])))["send[1].token_file"]
    assert got == state
    assert "secret\n" not in sentence
