from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiqa.text import strict_json
from ctiqa.text.strict_json import StrictJsonError, parse_json, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(VALUES)
def test_every_json_value_is_read_as_it_is(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False)) == value


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_else_is_refused_in_one_way(data: bytes | str) -> None:
    try:
        content = parse_json(data)
    except StrictJsonError:
        return
    assert parse_json(json.dumps(content, allow_nan=False).encode()) == content


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[" * 100_000, "nested deeper than 32"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32"),
        (b"NaN", "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON number"),
        (b"1e400", "the number 1e400 is too large"),
        (b"9" * 100_000, "the number 99999999999999999999 is too large"),
        (b'{"a": 1, "b": {"c": 2, "c": 3}}', "the key 'c' is there twice"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"\xff{}", "not UTF-8"),
        (b'["\\ud800"]', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
        (b"{} {}", "Extra data"),
        (b"", "Expecting value"),
    ],
    ids=range(14),
)
def test_each_fault_has_its_words(data: bytes, why: str) -> None:
    with pytest.raises(StrictJsonError, match=why) as caught:
        parse_json(data)
    assert len(str(caught.value)) < 200


def test_depth_up_to_the_limit_is_fine() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse_json(b"\xef\xbb\xbf[1]") == [1]


def test_large_files_are_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MOST_BYTES", 100)
    (tmp_path / "a.json").write_bytes(b" " * 101)
    with pytest.raises(StrictJsonError, match="larger than 100 bytes"):
        read_json(tmp_path / "a.json")
