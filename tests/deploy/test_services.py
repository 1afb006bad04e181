"""The units for systemd, the configuration of a hospital, and the rotation of the audit."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ctiqa.cli.commands.clinic import listen, serve
from ctiqa.clinic.config import Config, read_config
from ctiqa.clinic.service.supervisor import END_S

FOLDER = Path(__file__).parents[2] / "deploy"
UNITS = sorted((FOLDER / "systemd").glob("*.service"))
COMMANDS = {"listen": listen.listen, "serve": serve.serve}

HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelModules": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}

MOST_EXPOSED = 2.0
"""Highest exposure level that systemd may see, of 10."""


def settings(unit: Path) -> dict[str, str]:
    """The settings of a unit; the last of several counts."""
    return dict(lines(unit))


def lines(unit: Path) -> Iterator[tuple[str, str]]:
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, equals, value = line.partition("=")
            assert equals, line
            yield key, value


def config() -> Config:
    return read_config(FOLDER / "ctiqa.toml")


def test_there_are_two() -> None:
    assert [unit.stem for unit in UNITS] == ["ctiqa-listen", "ctiqa-serve"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit(unit: Path) -> None:
    found = settings(unit)
    assert HARDENED.items() <= found.items()
    assert found["User"] != "root"
    program, command, option, file = found["ExecStart"].split()
    assert program.endswith("/ctiqa")
    assert command == unit.stem.removeprefix("ctiqa-")
    assert command in COMMANDS
    assert (option, file) == ("--config", "/etc/ctiqa/ctiqa.toml")
    # What the configuration writes to is what the unit may write to.
    state = Path("/var/lib", found["StateDirectory"])
    assert config().spool.folder.is_relative_to(state)
    assert config().web.secret_file.is_relative_to(state)
    assert found["RestartPreventExitStatus"] == "2"


def test_the_listener_says_that_it_is_ready_and_alive() -> None:
    found = settings(UNITS[0])
    assert found["Type"] == "notify"
    assert int(found["WatchdogSec"]) >= 30
    assert int(found["TimeoutStopSec"]) > END_S


def test_the_dashboard_may_write_its_audit() -> None:
    audit = config().web.audit_file
    assert audit is not None
    assert audit.parent == Path("/var/log", settings(UNITS[1])["LogsDirectory"])
    rotation = (FOLDER / "logrotate" / "ctiqa").read_text(encoding="utf-8")
    assert re.search(rf"^{audit} \{{$", rotation, re.MULTILINE)
    # The file is opened for each line: renaming it is enough, copying could lose lines.
    assert "copytruncate" not in rotation
    user = settings(UNITS[1])["User"]
    assert f"create 0640 {user} {user}" in rotation


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_a_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    # The program is where the tests have one.
    copy = tmp_path / unit.name
    true = shutil.which("true") or "/bin/true"
    text = unit.read_text(encoding="utf-8").replace("/opt/ctiqa/bin/ctiqa", true)
    copy.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rated = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d)", rated.stdout)
    if level is None:
        pytest.skip("this systemd-analyze cannot rate a file: systemd 250 or newer can")
    assert float(level[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_take_a_configuration(name: str) -> None:
    import typer

    app = typer.Typer()
    app.command()(COMMANDS[name])
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert "--config" in re.sub(r"\x1b\[[\d;]*m", "", done.output)


def test_the_configuration_of_a_hospital() -> None:
    made = config()
    assert made.store.uids == "hashed"
    assert all(peer.addresses for peer in made.listen.peers)
    assert not made.listen.any_peer
    assert (made.web.host, made.web.https) == ("127.0.0.1", True)
    assert made.web.users[0].password.endswith("$SALT$HASH")


def test_logrotate_understands_its_file(tmp_path: Path) -> None:
    program = shutil.which("logrotate") or shutil.which("/usr/sbin/logrotate")
    if program is None:
        pytest.skip("logrotate is not installed: apt-get install logrotate")
    copy = tmp_path / "ctiqa"
    text = (FOLDER / "logrotate" / "ctiqa").read_text(encoding="utf-8")
    # There is no such user here.
    text = re.sub(r"^ +su .*\n", "", text, flags=re.MULTILINE).replace(" ctiqa ctiqa", "")
    copy.write_text(text, encoding="utf-8")
    copy.chmod(0o644)
    done = subprocess.run(
        [program, "--debug", "--state", str(tmp_path / "state"), str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "error" not in done.stderr
