"""How many instances the DICOM listener takes in a second, all of them synced to the disk.

It is compared with writing the same files durably without a network, and with the server of
pynetdicom, which writes them in the same way. The sender is storescu of dcmtk. Run it on a machine
that does nothing else::

    python -m benchmarks.receiving --slices 300 --associations 1 2 4 8
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, cast

import psutil
from pydicom.uid import CTImageStorage
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.transport import ThreadedAssociationServer

from benchmarks.process import MIB, wall_time_together
from benchmarks.rounds import Contestant, in_turn, timed
from benchmarks.series import make_series, uncompressed
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.receiving.listener import Listener
from ctiqa.clinic.spool.spool import SpoolFolder

Server = Callable[[str, Connection], None]

TITLE = "CTIQA"
MOST_ASSOCIATIONS = 32
SPAWN = multiprocessing.get_context("spawn")


def serve(folder: str, told: Connection) -> None:
    """The listener."""
    listener = Listener(
        config_from(
            {
                "spool": {"folder": folder, "reserve_gigabytes": 0},
                "listen": {
                    "port": 0,
                    "any_peer": True,
                    "ae_title": TITLE,
                    "most_associations": MOST_ASSOCIATIONS,
                },
            }
        )
    )
    told.send(listener.port)
    listener.serve(threading.Event())


def serve_with_pynetdicom(folder: str, told: Connection) -> None:
    """The server of pynetdicom, with a handler that writes as durably."""
    spool = SpoolFolder(Path(folder))
    spool.prepare()

    def keep(event: Any) -> int:
        data = event.encoded_dataset()
        uid = str(event.request.AffectedSOPInstanceUID)
        spool.keep(uid, event.assoc.requestor.ae_title, lambda stream: stream.write(data))
        return 0

    entity = AE(TITLE)
    entity.maximum_associations = MOST_ASSOCIATIONS
    entity.maximum_pdu_size = 1 << 17
    entity.add_supported_context(CTImageStorage, ALL_TRANSFER_SYNTAXES)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    told.send(cast("ThreadedAssociationServer", server).server_address[1])
    threading.Event().wait()


@contextmanager
def running(server: Server, spool: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A server in a process of its own: its port, and the process."""
    told, tell = SPAWN.Pipe(duplex=False)
    child = SPAWN.Process(target=server, args=(str(spool), tell))
    child.start()
    try:
        yield told.recv(), psutil.Process(child.pid)
    finally:
        child.kill()
        child.join()


class Sending:
    """Sends a series to a new server each time, and notes the most memory that it had."""

    def __init__(self, server: Server, parts: Sequence[Path], folder: Path) -> None:
        self._server = server
        self._parts = parts
        self._spool = folder / "spool"
        self.peak_mib = 0.0

    def __call__(self) -> float:
        """Send once; returns the seconds.

        Raises:
            CommandError: If the server refuses anything.
        """
        shutil.rmtree(self._spool, ignore_errors=True)
        with running(self._server, self._spool) as (port, process):
            to = ["-aec", TITLE, "127.0.0.1", str(port)]
            seconds = wall_time_together(
                [["storescu", "+sd", *to, str(part)] for part in self._parts]
            )
            self.peak_mib = max(self.peak_mib, process.memory_info().rss / MIB)
        return seconds


def write_alone(files: Sequence[Path], folder: Path) -> None:
    """Write a series as durably as the listener does, in one thread."""
    shutil.rmtree(folder / "spool", ignore_errors=True)
    spool = SpoolFolder(folder / "spool")
    spool.prepare()
    for number, file in enumerate(files):
        spool.keep(f"1.2.{number}", "SENDER", partial(_write, file.read_bytes()))


def _write(data: bytes, stream: BinaryIO) -> None:
    stream.write(data)


def divided(files: Sequence[Path], parts: int, folder: Path) -> list[Path]:
    """The files in as many folders as there are associations."""
    made = [folder / f"{parts}-{number}" for number in range(parts)]
    for number, part in enumerate(made):
        part.mkdir()
        for file in files[number::parts]:
            (part / file.name).hardlink_to(file)
    return made


def measured(folder: Path, slices: int, associations: Sequence[int], rounds: int) -> dict[str, Any]:
    """Rates, their ratio to writing alone, and memory."""
    files = sorted(make_series(folder / "series", slices, uncompressed).iterdir())
    parts = {number: divided(files, number, folder) for number in associations}
    sending = {
        f"{name}, {number} at once": Sending(server, parts[number], folder)
        for number in associations
        for name, server in (("ctiqa", serve), ("pynetdicom", serve_with_pynetdicom))
    }
    alone = Contestant("writing alone", slices, timed(partial(write_alone, files, folder)))
    others = [Contestant(name, slices, each) for name, each in sending.items()]
    found = in_turn(f"{slices} slices", [alone, *others], rounds, reference=alone.name)
    return {
        "bytes_per_instance": files[0].stat().st_size,
        "instances_per_s": {each.name: each.slices_per_s for each in found.times},
        "ratio_to_writing_alone": {each.name: found.ratios(each) for each in found.times},
        "peak_mib": {name: each.peak_mib for name, each in sending.items()},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receiving", description=__doc__)
    parser.add_argument("--slices", type=int, default=300, help="instances of a run (300)")
    parser.add_argument(
        "--associations", type=int, nargs="+", default=[1, 2, 4, 8], help="at once (1 2 4 8)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    parser.add_argument("--folder", type=Path, help="where to write, on the disk to be measured")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ctiqa-bench-", dir=asked.folder) as made:
        found = measured(Path(made), asked.slices, asked.associations, asked.rounds)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
