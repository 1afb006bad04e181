"""No test leaves this machine, means another engine than it says, or hangs on luck."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# Tests mean the engine that is everywhere, unless they name one.
os.environ["CTIQA_ENGINE"] = "onnxruntime"

HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)  # noqa: S104 - none is listened on


class LeakError(AssertionError):
    """Something wanted to reach another machine."""


def stay_here(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse name look-ups and connections; every test runs every command under this guard."""
    if event == "socket.getaddrinfo" and arguments[0] not in HERE:
        raise LeakError(f"{event} {arguments[0]!r}")
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and address and address[0] not in HERE:
            raise LeakError(f"{event} {address!r}")


sys.addaudithook(stay_here)

# A slow machine is no failure, and the examples that are tried are the same everywhere.
settings.register_profile(
    "anywhere",
    deadline=None,
    derandomize=True,
    database=None,
    # A folder that all examples write into is as good as one for each.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("anywhere")


@pytest.fixture(autouse=True)
def same_weights() -> None:
    """Networks that a test makes without a seed are the same wherever it stands in the order."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
