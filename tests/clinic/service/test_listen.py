"""``ctiqa listen`` with all its parts as real processes; one clinic for all tests of this file."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator

import pytest
from tests.clinic.scoring.conftest import wait_for
from tests.clinic.service.conftest import Clinic, clinic_in, is_alive

from ctiqa.cli.listening import run_listen
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.service.errors import StartError
from ctiqa.clinic.service.starting import check_start
from ctiqa.store import open_store


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic_in(tmp_path_factory.mktemp("clinic")) as clinic:
        clinic.start()
        yield clinic


def test_what_is_sent_is_scored(clinic: Clinic) -> None:
    clinic.send("1.2.3", 2)
    wait_for(lambda: clinic.scored() == ["1.2.3"])
    assert len(clinic.children()) == 3
    with open_store(clinic.config.store.address) as store:
        wait_for(lambda: len(Health(store).signs()) == 4)
        signs = {each.part: each for each in Health(store).signs()}
    assert sorted(signs) == ["keeper", "receiver", "scorer-1", "supervisor"]
    assert all(each.is_well for each in signs.values())


def test_a_second_one_is_refused(clinic: Clinic) -> None:
    with pytest.raises(StartError, match="in use by another 'ctiqa listen'"):
        run_listen(str(clinic.file), check=False)
    assert len(clinic.children()) == 3


def test_all_parts_that_are_killed_come_back(clinic: Clinic) -> None:
    before = clinic.children()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(clinic.children() - before) == 3)
    wait_for(lambda: listens(clinic))
    clinic.send("1.2.4", 2)
    wait_for(lambda: clinic.scored() == ["1.2.3", "1.2.4"])
    assert re.search(r"receiver has ended \(signal 9\), starts again in 0 s", clinic.log())


def test_without_supervisor_nothing_is_left_and_the_next_start_works(clinic: Clinic) -> None:
    port, parts = clinic.port, clinic.children()
    clinic.file.write_text(
        clinic.file.read_text(encoding="utf-8").replace("port = 0", f"port = {port}"),
        encoding="utf-8",
    )
    assert clinic.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not any(map(is_alive, parts)))
    clinic.start()
    assert clinic.port == port
    clinic.send("1.2.5", 1)
    wait_for(lambda: clinic.scored() == ["1.2.3", "1.2.4", "1.2.5"])


def test_a_signal_ends_it_in_order(clinic: Clinic) -> None:
    parts = clinic.children()
    assert len(parts) == 3
    assert clinic.end(signal.SIGTERM) == 0
    assert not any(map(is_alive, parts))
    assert "was killed" not in clinic.log()
    with open_store(clinic.config.store.address) as store:
        [sign] = [each for each in Health(store).signs() if each.part == "supervisor"]
        runs = store.runs()
    assert sign.sentence == "stopped in order"
    assert runs.filter(runs["ended"].is_not_null()).height == 1
    assert "Zyxwvut" not in clinic.log()


def listens(clinic: Clinic) -> bool:
    """Whether the listener takes connections."""
    with socket.socket() as stream:
        return stream.connect_ex(("127.0.0.1", clinic.port)) == 0


def test_a_check_starts_nothing(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_listen(str(clinic.file), check=True) == 0
    assert capsys.readouterr().out.startswith("ready to listen: 127.0.0.1:")
    with socket.create_server(("127.0.0.1", clinic.port)), pytest.raises(StartError, match="port"):
        check_start(clinic.config)
