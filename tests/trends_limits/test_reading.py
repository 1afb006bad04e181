"""Limits files: what is refused, and how it is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ctiqa.errors import DataError
from ctiqa.trends.limits import limits_from, read_limits
from ctiqa.trends.limits.bounds import KEYS, MISLEADING


def refused(*tables: Any) -> str:
    with pytest.raises(DataError) as error:
        limits_from({"limits": list(tables)})
    return str(error.value)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(
        '\ufeff[[limits]]\nname = "Lunge"\nprotocol = ["Thorax*", "Chest"]\nleast_score = 2\n'
        "allowed_share = 0.05\nleast_scans = 30\nlast_days = 31\n"
        "[[limits]]\nmost_noise_drift = 0.2\nmost_alarms = 0\n",
        encoding="utf-8",
    )
    one, other = read_limits(file)
    assert (one.name, dict(one.scope)) == ("Lunge", {"protocol": ("Thorax*", "Chest")})
    assert (dict(one.bounds), one.allowed_share) == ({"least_score": 2.0}, 0.05)
    assert (one.least_scans, one.last_days) == (30, 31)
    assert (other.name, other.scope_text) == ("limit 2", "all scans")
    assert (dict(other.drifts), other.most_alarms) == ({"most_noise_drift": 0.2}, 0)
    assert (other.least_scans, other.last_days) == (10, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read: the file holds no bytes"),
        (b"limits = ", "is not TOML: "),
        (b"\xff\xfe[\x00", "is not TOML: it is not UTF-8 text; save it as UTF-8"),
        ('name = "Köln"'.encode("latin-1"), "it is not UTF-8 text"),
        (b"\x00\x01\x02\x1b[31m", "is not TOML: "),
        (b"a = " + b"[" * 100_000, "is not TOML: it is nested too deeply"),
        (b"a = " + b"9" * 5_000, "is not TOML: "),
        (b"#" * ((1 << 20) + 1), "must be smaller than 1048576 bytes"),
        (b"x = 1", "there is no key 'x'; known are limits"),
        (b"limit = 1", "there is no key 'limit'; did you mean 'limits'?"),
        (b"least_score = 2", "'least_score'; write it below a line [[limits]]"),
        (b"limits = 3", "begin each with a line [[limits]]"),
        (b"[limits]\nleast_score = 2", "begin each with a line [[limits]]"),
        (b"[[limits]]\nleast_score = 0x" + b"f" * 9000, "got a very long number"),
        (b'[[limits]]\n"\x1b" = 1', "is not TOML"),
    ],
)
def test_a_bad_file(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "limits.toml"
    file.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_limits(file)
    assert message in str(error.value)
    assert "limits.toml" in str(error.value)
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 1000


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, message in (
        (tmp_path, "it is a folder; name a TOML file"),
        (tmp_path / "none.toml", "No such file"),
        (pipe, "a pipe, socket or device"),
        (Path("x" * 5000), "cannot be read"),
    ):
        with pytest.raises(DataError) as error:
            read_limits(path)
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"least_scor": 2}, "limit 1: there is no key 'least_scor'; did you mean 'least_score'?"),
        ({"least_reserve": 0.5}, "there is no key 'least_reserve'; use 'most_dose_reserve'"),
        ({"colour": 1}, "there is no key 'colour'; known are name, protocol, "),
        ({"least_score": "2"}, "'least_score' must be a number from 0 to 4, got '2'"),
        ({"least_score": True}, "'least_score' must be a number from 0 to 4, got True"),
        ({"least_score": float("nan")}, "'least_score' must be a number from 0 to 4, got nan"),
        ({"least_score": 4.5}, "'least_score' must be a number from 0 to 4, got 4.5"),
        ({"most_artefact_share": 25}, "must be a number from 0 to 1, got 25"),
        ({"most_noise_drift": 0}, "must be a number from 0.01 to 10, got 0"),
        ({"most_alarms": 0.5}, "'most_alarms' must be a whole number from 0 to 1000000, got 0.5"),
        ({"most_alarms": -1}, "'most_alarms' must be a whole number from 0 to 1000000, got -1"),
        ({"least_score": 2, "allowed_share": 1}, "must be a number from 0 to 0.99, got 1"),
        ({"least_score": 2, "last_days": 0}, "must be a whole number from 1 to 36500, got 0"),
        ({"least_score": 2, "protocol": ""}, "'protocol' must be a pattern such as"),
        ({"least_score": 2, "protocol": []}, "'protocol' must be a pattern such as"),
        ({"least_score": 2, "protocol": ["a", 1]}, "or a list, got ['a', 1]"),
        ({"least_score": 2, "protocol": "x" * 201}, "'protocol' must be a pattern such as"),
        ({"least_score": 2, "name": 3}, "'name' must be a text of at most 200 characters, got 3"),
        ({}, "limit 1: it limits nothing; add a key such as least_score"),
        ({"name": "A"}, "limit 1 ('A'): it limits nothing"),
        ({"most_alarms": 0, "kernel": "B*"}, "'most_alarms' cannot be limited by kernel"),
        ({"most_dose_drift": 1, "region": "head"}, "'most_dose_drift' cannot be limited by region"),
        ({"most_alarms": 0, "allowed_share": 0.1}, "'allowed_share' has no effect without"),
        ({"least_score": 1, "least_scans": 5}, "'least_scans' has no effect without"),
        (
            {"least_ctdivol_mgy": 9, "most_ctdivol_mgy": 3},
            "limit 1: no scan can keep least_ctdivol_mgy = 9 and most_ctdivol_mgy = 3; swap them",
        ),
    ],
)
def test_a_bad_limit(table: dict[str, Any], problem: str) -> None:
    message = refused(table)
    assert problem in message
    assert message.startswith("limits: 1 problem:\n")


def test_all_problems_are_listed_with_their_place() -> None:
    message = refused({"least_score": 9, "protocl": "a"}, {"name": "Head \x1b[2J", "most_ssde": 1})
    assert message.splitlines() == [
        "limits: 3 problems:",
        "  limit 1: 'least_score' must be a number from 0 to 4, got 9",
        "  limit 1: there is no key 'protocl'; did you mean 'protocol'?",
        "  limit 2 ('Head \ufffd[2J'): there is no key 'most_ssde'; did you mean 'most_ssde_mgy'?",
    ]


def test_limits_of_the_same_scans_must_agree() -> None:
    least, most = {"least_ssde_mgy": 5}, {"most_ssde_mgy": 4}
    assert "limit 1 and limit 2: no scan can keep" in refused(least, most)
    assert "limit 2 and limit 1: no scan can keep" in refused(most, least)
    head = {"protocol": "Head"}
    assert "limit 1 and limit 2" in refused(head | least, head | most)
    # Another scope may be narrower.
    assert len(limits_from({"limits": [least, head | most]})) == 2


def test_two_limits_have_two_names() -> None:
    message = refused({"name": "A", "least_score": 1}, {"name": "A", "least_score": 2})
    assert "two limits are named 'A'; choose another name" in message


def test_a_limit_may_equal_the_opposite_one() -> None:
    assert limits_from({"limits": [{"least_ssde_mgy": 5, "most_ssde_mgy": 5}]})


def test_misleading_names_lead_to_keys() -> None:
    assert set(MISLEADING.values()) <= set(KEYS)
    assert not set(MISLEADING) & set(KEYS)
