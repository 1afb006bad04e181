from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from ctiqa.io.ahead import ahead


@pytest.mark.parametrize("count", [1, 3, 50])
def test_same_items_in_the_same_order(count: int) -> None:
    assert list(ahead(range(20), count)) == list(range(20))


def test_items_are_fetched_while_the_last_one_is_used() -> None:
    fetched: list[int] = []
    enough = threading.Event()

    def source() -> Iterator[int]:
        for number in range(10):
            fetched.append(number)
            if number == 2:
                enough.set()
            yield number

    items = ahead(source(), 2)
    assert next(items) == 0
    assert enough.wait(5), "nothing was fetched beforehand"
    time.sleep(0.05)
    assert len(fetched) <= 4
    items.close()  # type: ignore[attr-defined]


def test_an_error_comes_in_its_place() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = ahead(source())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)
