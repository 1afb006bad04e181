"""Start everything on the loopback address, send the example series, tell what happens.

    python -m tools.clinic_demo [FOLDER ...]

Each folder is one DICOM series. Nothing outside of this computer is called, everything is kept in
a temporary folder, and Ctrl-C stops and removes all of it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from pydicom import dcmread
from tools.clinic_demo.archive import Archive, folder_archive, orthanc, why_no_orthanc
from tools.clinic_demo.programs import started, write_config
from tools.clinic_demo.story import send, tell_places, tell_until_sent

ROOT = Path(__file__).parents[2]

EXAMPLES = ROOT.parent / "shared" / "dicom-series"
"""Two public series, where this computer has them."""

PACKAGED = ROOT / "src" / "ctiqa" / "assets" / "example"


def main() -> int:
    """Run the demonstration until it is stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.clinic_demo", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("series", nargs="*", type=Path, metavar="FOLDER", help="one DICOM series")
    parser.add_argument("--no-orthanc", action="store_true", help="send straight to the listener")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="ctiqa-demo-") as folder, ExitStack() as stack:
            why_not = "Without Orthanc" if asked.no_orthanc else why_no_orthanc()
            archive = _archive(Path(folder), why_not, stack)
            _demonstrate(Path(folder), archive, asked.series or _examples(), stack)
            _tell("Ctrl-C stops and removes everything.")
            signal.pause()
    except KeyboardInterrupt:
        # A second one must not leave anything behind.
        _tell("Stopped; nothing is left behind.")
    return 0


def _demonstrate(folder: Path, archive: Archive, folders: Sequence[Path], stack: ExitStack) -> None:
    config = write_config(folder, archive.port)
    listener = int(stack.enter_context(started("listen", config, r"127\.0\.0\.1:(\d+) as CTIQA")))
    _tell(f"Listener   127.0.0.1:{listener}, AE title CTIQA")
    dashboard = stack.enter_context(started("serve", config, r"serves (http\S+)"))
    _tell(f"Dashboard  {dashboard}")
    archive.start(listener)
    _tell(f"Archive    127.0.0.1:{archive.port}, AE title PACS{_web(archive)}")
    series = {}
    for each in folders:
        files = sorted(each.glob("*.dcm"))
        first = dcmread(files[0], stop_before_pixels=True)
        series[str(first.SeriesInstanceUID)] = (each.name, str(first.StudyInstanceUID))
        where = (archive.port, "PACS") if archive.forwards else (listener, "CTIQA")
        accepted = send(files, *where)
        _tell(f"{each.name}: {accepted} instances sent to {where[1]}")
    tell_until_sent(folder / "ct.sqlite", series, _tell)
    tell_places(archive, series, _tell)
    _tell(f"Look at    {dashboard}")


def _archive(folder: Path, why_not: str | None, stack: ExitStack) -> Archive:
    if why_not:
        _tell(f"{why_not}: series are sent straight to the listener")
        return stack.enter_context(folder_archive(folder))
    return stack.enter_context(orthanc(folder))


def _web(archive: Archive) -> str:
    return f", {archive.web}/app/explorer.html" if archive.web else ""


def _examples() -> list[Path]:
    found = sorted(each for each in EXAMPLES.glob("*") if each.is_dir())
    return found or [PACKAGED]


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is what the program is for


if __name__ == "__main__":
    sys.exit(main())
