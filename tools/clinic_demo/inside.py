"""Runs in a network of its own, in which there is only loopback: Orthanc, and ways in and out.

Orthanc listens on all addresses of its network, so that it must not run in that of the computer.
Usage: ``python -m tools.clinic_demo.inside FOLDER``. Ends with its standard input.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tools.clinic_demo.relay import at_file, at_port, by_file, by_port, relayed

TRIAL = Path(__file__).parents[2] / "deploy" / "compose" / "orthanc"
"""The configuration of the trial with compose, and its Lua script."""

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

HTTP, DICOM, LISTENER = "http.sock", "dicom.sock", "listener.sock"
"""Sockets in the folder: the two of Orthanc, and that of the listener."""


def main(folder: Path) -> int:
    """Run Orthanc until the standard input ends, or Orthanc does."""
    loopback_up()
    settings = orthanc_settings(folder)
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    listener = settings["DicomModalities"]["ctiqa"]["Port"]
    with ExitStack() as stack:
        log = stack.enter_context((folder / "orthanc.log").open("wb"))
        server = subprocess.Popen(["Orthanc", str(file)], stdout=log, stderr=log)  # noqa: S607
        stack.callback(server.wait)
        stack.callback(server.terminate)
        for name, port in ((HTTP, settings["HttpPort"]), (DICOM, settings["DicomPort"])):
            stack.enter_context(relayed(at_file(folder / name), by_port(port)))
        stack.enter_context(relayed(at_port(listener), by_file(folder / LISTENER)))
        sys.stdin.read()
    return 0


def orthanc_settings(folder: Path) -> dict[str, Any]:
    """The settings of the trial with compose, for one computer and without password."""
    settings: dict[str, Any] = json.loads((TRIAL / "orthanc.json").read_bytes())
    settings["DicomModalities"]["ctiqa"]["Host"] = "127.0.0.1"
    return settings | {
        "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"),
        "LuaScripts": [str(TRIAL / "forward.lua")],
        "Plugins": [str(PLUGIN)],
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "SaveJobs": False,
        "StableAge": 2,
    }


def loopback_up() -> None:
    """A new network has a loopback that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", 0x1)  # IFF_UP
        fcntl.ioctl(handle, 0x8914, request)  # SIOCSIFFLAGS


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
