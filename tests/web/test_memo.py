"""What was worked out is kept: once for all who ask, the last ones only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ctiqa.web.reading.memo import Memo


def test_a_result_is_made_once_for_all_who_ask_at_once() -> None:
    memo, made, begin = Memo(), [], Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        begin.wait()
        return memo.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        found = {*pool.map(ask, range(8))}
    assert len(made) == 1
    assert found == {*made}


def test_a_result_that_failed_is_tried_again() -> None:
    memo = Memo()

    def broken() -> int:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        memo.get("key", broken)
    assert memo.get("key", lambda: 5) == 5
    # None is a result like others.
    assert memo.get("none", lambda: None) is None
    assert memo.get("none", lambda: 1) is None


def test_the_last_ones_are_kept() -> None:
    memo = Memo(2)
    for key in ("a", "b", "a", "c"):
        memo.get(key, lambda key=key: key)  # type: ignore[misc]
    assert memo.get("a", lambda: "again") == "a"
    assert memo.get("b", lambda: "again") == "again"
