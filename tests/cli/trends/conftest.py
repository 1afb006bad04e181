"""Runs ``ctiqa trends`` as a user does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.conftest import Outcome, Run
from tests.store.postgres import Server, server_or_skip
from tests.trends.made import archive
from tests.trends_output.stored import store_of

from ctiqa.cli import app
from ctiqa.cli.commands.archive import trends as command

Call = Callable[..., Outcome]

LIMITS = '[[limits]]\nname = "chest"\nprotocol = "Thorax*"\n'

OUTLIERS = archive(300, outliers=0.03)


@pytest.fixture
def call(run: Run, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command, alone in a program."""
    alone = typer.Typer(pretty_exceptions_enable=False)
    alone.command()(command.trends)
    alone.callback()(lambda: None)
    monkeypatch.setattr(app, "app", alone)
    return lambda *words: run("trends", *words)


@pytest.fixture
def server() -> Iterator[Server]:
    yield from server_or_skip()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with outliers; it is only read."""
    file = tmp_path_factory.mktemp("store") / "ct.sqlite"
    store_of(OUTLIERS, file).close()
    return file


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def limits(folder: Path, text: str) -> Path:
    file = folder / "limits.toml"
    file.write_text(LIMITS + text, encoding="utf-8")
    return file


def content(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "trends.json").read_text(encoding="utf-8"))
    return read
