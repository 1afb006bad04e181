"""The trial with compose: nothing is reachable from outside, nothing may do more than it must."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from ctiqa.cli.commands.clinic import listen, serve
from ctiqa.clinic.config import Config, read_config
from ctiqa.web.uploads.uploads import UNPACKED

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("listener", "dashboard")


def config() -> Config:
    return read_config(FOLDER / "ctiqa.toml")


def port_inside(published: str) -> int:
    return int(published.rpartition(":")[2])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert not {"privileged", "network_mode", "pid", "devices", "userns_mode"} & set(service)
    assert not any("docker.sock" in str(each) for each in service.get("volumes", ()))
    # Only the database starts as root, and says which rights it needs.
    assert ("cap_add" in service) == (name == "database")


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_the_loopback_address_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_the_database_is_not_published_and_reaches_nobody() -> None:
    assert "ports" not in SERVICES["database"]
    assert SERVICES["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert (FOLDER / service["build"]["context"]).resolve() == FOLDER.parents[1]
        assert (FOLDER.parents[1] / service["build"]["dockerfile"]).is_file()
    else:
        assert re.fullmatch(r"[\w/]+:\d+(\.\d+)+(-\w+)?", service["image"])


def test_what_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("./"):
                assert mode == ["ro"]
                assert (FOLDER / source).is_file()
            else:
                assert source in COMPOSE["volumes"]


def test_secrets_are_files_that_are_not_committed() -> None:
    ignored = (FOLDER.parent / ".gitignore").read_text(encoding="utf-8").split()
    assert "/compose/secrets/" in ignored
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    for service in SERVICES.values():
        for each in service.get("secrets", ()):
            assert (each if isinstance(each, str) else each["source"]) in COMPOSE["secrets"]
        for key, value in service.get("environment", {}).items():
            is_secret = re.search("PASSWORD|TOKEN|SECRET", key)
            assert not is_secret or (key.endswith("_FILE") and value.startswith("/run/secrets/"))


def test_commands_are_those_of_the_program() -> None:
    known = {"listen": listen.listen, "serve": serve.serve}
    for name in OWN:
        command, option, file = SERVICES[name]["command"]
        assert command in known
        assert option == "--config"
        assert f"./ctiqa.toml:{file}:ro" in SERVICES[name]["volumes"]


def test_everything_has_a_health_check_or_that_of_its_image() -> None:
    assert "healthcheck" in SERVICES["database"]
    probe = SERVICES["listener"]["healthcheck"]["test"]
    assert str(config().listen.port) in probe[-1]
    dockerfile = (FOLDER.parent / "Dockerfile").read_text(encoding="utf-8")
    assert f":{config().web.port}/readyz" in dockerfile


def test_the_configuration_fits_the_services() -> None:
    made = config()
    assert made.store.address.endswith(
        f"@database:5432/{SERVICES['database']['environment']['POSTGRES_DB']}"
    )
    assert port_inside(SERVICES["listener"]["ports"][0]) == made.listen.port
    assert port_inside(SERVICES["dashboard"]["ports"][0]) == made.web.port
    secrets = {str(made.store.password_file), str(made.fetch[0].password_file)}
    assert secrets == {f"/run/secrets/{name}" for name in SERVICES["listener"]["secrets"]}
    volume = dict(each.split(":")[:2] for each in SERVICES["listener"]["volumes"])
    assert made.spool.folder.is_relative_to(volume["state"])
    assert made.web.secret_file.is_relative_to(volume["state"])
    # The upload and what is unpacked from it are in memory.
    uploads = made.web.most_uploads * made.web.most_upload_megabytes * (UNPACKED + 1)
    assert SERVICES["dashboard"]["tmpfs"] == ["/tmp:size=1g,mode=1777"]  # noqa: S108
    assert uploads * 10**6 < 2**30
    # Nobody can log in before a hash was made.
    assert made.web.users[0].password.endswith("$SALT$HASH")


def test_the_pacs_and_the_listener_know_each_other() -> None:
    made = config()
    pacs = json.loads((FOLDER / "orthanc" / "orthanc.json").read_bytes())
    ctiqa = pacs["DicomModalities"]["ctiqa"]
    assert (ctiqa["AET"], ctiqa["Port"]) == (made.listen.ae_title, made.listen.port)
    assert ctiqa["Host"] in SERVICES
    [target] = made.send
    assert target.kind == "dicom"
    assert (target.ae_title, target.port) == (pacs["DicomAet"], pacs["DicomPort"])
    assert target.host in SERVICES
    assert made.fetch[0].url == f"http://pacs:{pacs['HttpPort']}"
    known = {each["AET"] for each in pacs["DicomModalities"].values()} | {pacs["DicomAet"]}
    assert {peer.ae_title for peer in made.listen.peers} < known
    assert pacs["AuthenticationEnabled"]
    assert pacs["DicomCheckCalledAet"]
    assert not any(value for key, value in pacs.items() if key.startswith("DicomAlwaysAllow"))
    for file in pacs["LuaScripts"]:
        assert any(each.split(":")[1] == file for each in SERVICES["pacs"]["volumes"])
