"""One clinic for many tests: PostgreSQL, a spool on a small disk, limits that are broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.archive_sources.dicomweb_server import running
from tests.clinic.fetching.archives import FakeOrthanc
from tests.clinic.sending.peers import Site, site
from tests.clinic.whole.clinic import Clinic, clinic
from tests.clinic.whole.disk import small_disk
from tests.store.postgres import Server

MORE = """\
[watch]
limits = "{limits}"
every_seconds = 1

[[alert]]
kind = "webhook"
name = "hook"
url = "{hook}"

[[fetch]]
kind = "orthanc"
name = "archive"
url = "{orthanc}"
every_seconds = 1
days = 3650
"""

LIMITS = '[[limits]]\nname = "tight"\nmost_equivalent_noise_hu = 0.1\n'
"""Nothing keeps it."""


@dataclass
class Ward:
    """A clinic with everything around it.

    Attributes:
        clinic: Its processes.
        server: Its database.
        hook: Hears of alerts.
        orthanc: Where it catches up.
        has_small_disk: Whether its spool is on a disk of 64 MB.
    """

    clinic: Clinic
    server: Server
    hook: Site
    orthanc: FakeOrthanc
    has_small_disk: bool


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    limits = folder / "limits.toml"
    limits.write_text(LIMITS, encoding="utf-8")
    orthanc = FakeOrthanc()
    with small_disk(folder / "spool", 64) as is_small, site() as hook, running() as fake:
        fake.answer = orthanc.answer
        more = MORE.format(limits=limits, hook=hook.url, orthanc=fake.url)
        with clinic(folder, postgres.create("ward"), more=more) as it:
            yield Ward(it, postgres, hook, orthanc, is_small)
