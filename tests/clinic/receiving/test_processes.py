"""A listener in a process of its own: killed, and under watch for its memory."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from pydicom.uid import CTImageStorage
from tests.clinic.receiving.tools.kills import kill_often, process
from tests.clinic.receiving.tools.objects import ct, encoded
from tests.clinic.receiving.tools.raw import (
    DATA,
    IMAGES,
    LAST_COMMAND,
    LAST_DATA,
    STORE,
    command,
    connected,
    fragment,
)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the listener needs a POSIX file system"
)

MEGABYTE = 10**6


def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    counts = kill_often(tmp_path, kills=10)
    assert counts.kills == 10
    assert counts.acknowledged >= 10
    assert counts.lost == counts.partial == 0
    with process(tmp_path):
        assert list((tmp_path / "spool" / "tmp").iterdir()) == []


def test_memory_does_not_grow_with_an_instance(tmp_path: Path) -> None:
    head = encoded(ct("1.2.3"))[:-512]
    with process(tmp_path) as (child, port), connected(port) as raw:
        raw.associate()
        assert raw.store("1.2.4", encoded(ct("1.2.4"))) == 0
        before = psutil.Process(child.pid).memory_info().rss
        raw.send(fragment(IMAGES, LAST_COMMAND, command(STORE, CTImageStorage, "1.2.3")))
        raw.send(fragment(IMAGES, DATA, head))
        most = 0
        for _ in range(100):
            raw.send(fragment(IMAGES, DATA, bytes(MEGABYTE)))
            most = max(most, psutil.Process(child.pid).memory_info().rss)
        raw.send(fragment(IMAGES, LAST_DATA, bytes(512)))
        assert raw.status() == 0
    assert most - before < 30 * MEGABYTE


def test_memory_does_not_grow_with_a_flood(tmp_path: Path) -> None:
    with process(tmp_path) as (child, port):
        before = psutil.Process(child.pid).memory_info().rss
        for _ in range(20):
            with connected(port) as raw:
                raw.associate()
                raw.send(fragment(IMAGES, DATA, bytes(MEGABYTE)) + b"\4\0\xff\xff\xff\xff")
                raw.pdu()
        assert psutil.Process(child.pid).memory_info().rss - before < 30 * MEGABYTE
