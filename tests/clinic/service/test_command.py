"""The command: what is wrong is said in one line, with the exit status of its kind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import typer

from ctiqa.cli.commands.clinic.listen import listen
from ctiqa.cli.console.status import NOTHING_DONE, WRONG_USAGE, status_of
from ctiqa.clinic.service.errors import StartError
from ctiqa.errors import UsageError


def written(folder: Path, port: int = 0, *more: str) -> str:
    """A configuration file."""
    file = folder / "ctiqa.toml"
    lines = [
        f'[store]\naddress = "{folder / "ct.sqlite"}"',
        f'[spool]\nfolder = "{folder / "spool"}"\nreserve_gigabytes = 0',
        f"[listen]\nany_peer = true\nport = {port}",
        *more,
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    return str(file)


def test_a_configuration_that_is_wrong_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"listen\.prot") as error:
        listen(config=written(tmp_path, 0, "prot = 3"), check=False)
    assert status_of(error.value) == WRONG_USAGE


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port}.*'port'") as error:
            listen(config=written(tmp_path, port), check=False)
    assert status_of(error.value) == NOTHING_DONE
    assert not (tmp_path / "ct.sqlite").exists()


def test_a_check_says_where_it_would_listen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(typer.Exit) as end:
        listen(config=written(tmp_path, port), check=True)
    assert end.value.exit_code == 0
    out = capsys.readouterr().out
    assert out == (
        f"ready to listen: 127.0.0.1:{port} as CTIQA, spool '{tmp_path / 'spool'}', "
        f"store '{tmp_path / 'ct.sqlite'}'\n"
    )
