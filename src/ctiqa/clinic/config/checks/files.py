"""Checks of folders and secrets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ctiqa.clinic.config.checks.check import Check, sections_of
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.section import read_secret
from ctiqa.errors import CtiqaError, OutputError
from ctiqa.io.access.regular import is_there
from ctiqa.io.atomic import check_folder

GIGABYTE = 10**9

OTHERS = 0o077
"""Permissions of everybody but the owner."""

EVERYBODY = 0o007
"""Permissions of those who are neither the owner nor in the group."""

SECRETS = ("password_file", "token_file")
"""Keys whose file holds a secret."""


def check_files(config: Config) -> Iterator[Check]:
    """Check that folders are writable and private, and that secrets are readable and private."""
    if os.name == "posix" and os.geteuid() == 0:
        yield Check("user", "note", _AS_ROOT)
    yield from _spool(config)
    if config.web.users:
        yield _key_of_logins(config.web.secret_file)
    if config.web.audit_file is not None:
        yield _folder("web.audit_file", config.web.audit_file.parent)
    for each in sections_of(config):
        for key in SECRETS:
            file = getattr(each.section, key, None)
            if file is not None:
                yield _secret(each.at(key), file)


def check_itself(file: Path, config: Config) -> Iterator[Check]:
    """Check that not everybody can read hashes of passwords, which can be guessed offline.

    Args:
        file: The file of the configuration.
        config: What is in it.
    """
    if os.name == "posix" and config.web.users and file.stat().st_mode & EVERYBODY:
        sentence = (
            f"everybody on this computer can read '{file}', which has hashes of passwords; run: "
            f"chmod o= '{file}'"
        )
        yield Check("web.users", "warning", sentence)


_AS_ROOT = (
    "running as root, who can read and write everything; run the check as the user of the services"
)


def _spool(config: Config) -> Iterator[Check]:
    place, folder = "spool.folder", config.spool.folder
    found = _folder(place, folder)
    yield found
    if found.state != "ok":
        return
    if is_there(folder) and folder.stat().st_mode & OTHERS:
        yield Check(
            place,
            "warning",
            f"other users can read '{folder}', which holds the names of patients; run: "
            f"chmod 700 '{folder}'",
        )
    yield _room(config)


def _room(config: Config) -> Check:
    """Whether the disk has room for what is kept."""
    spool = config.spool
    disk = shutil.disk_usage(_existing(spool.folder))
    free = f"{disk.free / GIGABYTE:.1f} GB of {disk.total / GIGABYTE:.1f} GB are free"
    if disk.free < spool.reserve_gigabytes * GIGABYTE:
        return Check(
            "spool.reserve_gigabytes",
            "broken",
            f"{free}, less than the reserve of {spool.reserve_gigabytes:g} GB: nothing would be "
            "accepted; free space",
        )
    if (spool.keep_gigabytes + spool.reserve_gigabytes) * GIGABYTE > disk.total:
        return Check(
            "spool.keep_gigabytes",
            "warning",
            f"{free}: {spool.keep_gigabytes:g} GB of series and the reserve do not fit on the "
            "disk; lower keep_gigabytes",
        )
    return Check("spool.keep_gigabytes", "ok", free)


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if is_there(each))


def _folder(place: str, folder: Path) -> Check:
    try:
        check_folder(folder)
    except OutputError as error:
        return Check(place, "broken", str(error))
    if not is_there(folder):
        return Check(place, "ok", f"'{folder}' will be created at start")
    return Check(place, "ok", f"'{folder}' is writable")


def _key_of_logins(file: Path) -> Check:
    place = "web.secret_file"
    if not is_there(file):
        found = _folder(place, file.parent)
        well = f"'{file}' will be created at start"
        return Check(place, found.state, well if found.state == "ok" else found.sentence)
    return _secret(place, file)


def _secret(place: str, file: Path) -> Check:
    try:
        read_secret(file)
    except CtiqaError as error:
        return Check(place, "broken", str(error))
    return Check(place, "ok", f"'{file}' is readable, and not by everybody")
