"""Dashboards for the tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.web.pages.made import Clinic, clinic_of, frame_of, user

USERS = (user("ann", "reviewer"), user("rob"), user("tom", where=("station=CT2",)))
"""A reviewer, a reader, and a reader of one scanner."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A dashboard without users, which tests only read."""
    yield from clinic_of(tmp_path_factory.mktemp("clinic"), frame_of())


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A dashboard of some scans that a test may change."""
    yield from clinic_of(tmp_path_factory.mktemp("own"), frame_of(60))


@pytest.fixture
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A dashboard with users."""
    yield from clinic_of(tmp_path_factory.mktemp("guarded"), frame_of(120), users=USERS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A dashboard of a store without scans."""
    yield from clinic_of(tmp_path_factory.mktemp("empty"), frame_of(1).clear(), text=None)
