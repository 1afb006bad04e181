"""``ctiqa survey merge`` is stopped."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.test_merging import parts_with
from typer.testing import CliRunner

from ctiqa.cli.app import app
from ctiqa.store import open_store
from ctiqa.store.store import Store


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_merged_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, status: int
) -> None:
    parts_with(tmp_path / "parts", 3)
    command = ["survey", "merge", str(tmp_path / "parts"), "--store", str(tmp_path / "s.sqlite")]
    put = Store.put

    def stop(self: Store, *what: Any) -> int:
        new = put(self, *what)
        signal.raise_signal(number)
        return new

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", stop)
        stopped = CliRunner().invoke(app, command)
    assert stopped.exit_code == status
    assert "The same command does the rest" in stopped.output
    with open_store(tmp_path / "s.sqlite") as store:
        assert store.scans().height == 1
    assert CliRunner().invoke(app, command).exit_code == 0
    with open_store(tmp_path / "s.sqlite") as store:
        assert store.scans().height == 3
