"""The work of ``ctiqa config``.

Imported only when the command runs, because it loads the libraries of the clinic.
"""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path

from ctiqa.cli.console.say import say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS, NOTHING_DONE
from ctiqa.cli.console.tables.config import print_checks
from ctiqa.clinic.config import read_config
from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.checks.files import check_itself
from ctiqa.clinic.config.checks.run import check_all
from ctiqa.clinic.config.example import example
from ctiqa.clinic.config.secrets import MOST_PASSWORD, hash_password, new_token
from ctiqa.errors import UsageError
from ctiqa.io.atomic import write_bytes
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.text.plain_text import clean
from ctiqa.version import __version__


def run_check(file: str, *, online: bool, out: str | None) -> int:
    """Read a configuration, check it, write the outcome and print it as a table.

    Args:
        file: The configuration.
        online: Whether other servers are called.
        out: JSON file to write; ``None`` writes none.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the configuration is wrong, or the outcome cannot be written.
    """
    lazy_gdcm.claim_process()
    target = None if out is None else _target(out)
    config = read_config(Path(file))
    checks = [*check_itself(Path(file), config), *check_all(config, online=online)]
    if target is not None:
        write_bytes(target, _as_json(file, checks))
    print_checks(checks)
    states = {each.state for each in checks}
    if "broken" in states:
        return NOTHING_DONE
    return DONE_WITH_SKIPS if "warning" in states else DONE


def print_example() -> None:
    """Print the example of a configuration."""
    say(example().rstrip("\n"))


def print_password() -> None:
    """Read a password and print its hash.

    Raises:
        UsageError: If the two differ, or it is too short or too long.
    """
    say(hash_password(_password()))


def print_token() -> None:
    """Print a new token on standard error, and the line for the file on standard output."""
    token, digest = new_token()
    say(f"Token, shown once, for the program: {token}", err=True)
    say(f'sha256 = "{digest}"')


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MOST_PASSWORD + 2).rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise UsageError("the two passwords must be equal; type the same one twice")
    return password


def _target(out: str) -> Path:
    path = Path(out)
    if path.suffix != ".json":
        raise UsageError(f"'--out' must be a .json file, got '{clean(out)}'")
    return path


def _as_json(file: str, checks: list[Check]) -> bytes:
    """The outcome for other programs."""
    content = {
        "ctiqa": __version__,
        "config": clean(file),
        "checks": [
            {"what": each.what, "state": each.state, "sentence": clean(each.sentence)}
            for each in checks
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"
