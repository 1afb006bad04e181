"""Stores with something wrong, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.store import made
from tests.store.postgres import PASSWORD, QUOTED

from ctiqa.errors import CtiqaError
from ctiqa.store import Run, open_store


@contextmanager
def refused(kind: type[CtiqaError], sentence: str) -> Iterator[None]:
    """One printable line, without password, statement and traceback of the database."""
    with pytest.raises(kind, match=sentence) as caught:
        yield
    text = str(caught.value)
    assert text.isprintable()
    assert not [
        word for word in (PASSWORD, QUOTED, "SELECT", "INSERT", "sqlalche.me") if word in text
    ]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def filled(address: str | Path, count: int = 3) -> str:
    """A store with some series; returns its digest."""
    with open_store(address) as store:
        for report in made.reports(count):
            store.add(report, Run())
        return store.digest()
