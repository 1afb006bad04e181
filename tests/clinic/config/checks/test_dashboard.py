"""Who may look, and how safe that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from tests.clinic.config.checks.made import Found, config, found

from ctiqa.clinic.config.checks.dashboard import check_dashboard
from ctiqa.clinic.config.secrets import hash_password

GOOD = hash_password("correct horse battery")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - checked


def checked(folder: Path, **web: Any) -> Found:
    return found(check_dashboard(config(folder, web=web)))


def user(**more: Any) -> dict[str, Any]:
    return {"name": "a", "password": GOOD, **more}


@pytest.mark.parametrize(
    ("web", "place", "state"),
    [
        ({}, "web.host", "ok"),
        ({"host": EVERYWHERE}, "web.host", "broken"),
        ({"host": EVERYWHERE, "users": [user()]}, "web.https", "warning"),
        ({"host": EVERYWHERE, "users": [user()], "https": True}, "web.host", "ok"),
    ],
)
def test_access(web: Any, place: str, state: str, tmp_path: Path) -> None:
    assert checked(tmp_path, **web)[place][0] == state


@pytest.mark.parametrize(
    ("hashed", "state", "says"),
    [
        (GOOD, "ok", "argon2id"),
        ("$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH", "broken", "a placeholder or damaged"),
        (PasswordHasher().hash(""), "broken", "empty"),
        (PasswordHasher(time_cost=1, memory_cost=64).hash("x"), "warning", "weaker"),
    ],
    ids=["good", "placeholder", "empty", "weak"],
)
def test_passwords(hashed: str, state: str, says: str, tmp_path: Path) -> None:
    got, sentence = checked(tmp_path, users=[user(password=hashed)])["web.users[1].password"]
    assert (got, says in sentence) == (state, True)
