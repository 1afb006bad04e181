"""What an archive costs: listing 100,000 files of which nothing is new, storing results, trends.

Run it on a machine that does nothing else::

    python -m benchmarks.archive --files 100000
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from gzip import compress
from pathlib import Path

from pydicom import FileDataset, dcmread
from pydicom.uid import generate_uid
from tests.trends.made import archive
from tests.trends_output.stored import store_of

from benchmarks.process import peak_memory, wall_time
from benchmarks.rounds import Comparison, Contestant, in_turn, timed
from benchmarks.series import EXAMPLE, make_series, uncompressed
from benchmarks.stored import bundles, store_all
from ctiqa.store import open_store

DONE, NOTHING_DONE = 0, 4
"""Exit statuses: of files without pixels none can be scored."""

PROGRAM = str(Path(sys.executable).with_name("ctiqa"))

IN_FOLDER = 100
"""Files of a folder, which is one series."""


def make_files(folder: Path, count: int) -> None:
    """Small DICOM files without pixels: reports, in folders of :data:`IN_FOLDER`."""
    image = dcmread(min(EXAMPLE.glob("*.dcm")), stop_before_pixels=True)
    for number in range(count):
        place = folder / f"{number // IN_FOLDER:05}"
        if number % IN_FOLDER == 0:
            place.mkdir(parents=True)
            image.SeriesInstanceUID = generate_uid()
        image.SOPInstanceUID = generate_uid()
        image.save_as(place / f"{number % IN_FOLDER:03}.dcm")


def listing(folder: Path, count: int) -> dict[str, float]:
    """Time and memory of a survey that finds nothing new."""
    files, store = folder / "files", folder / "files.sqlite"
    make_files(files, count)
    command = [PROGRAM, "survey", str(files), "--store", str(store), "--quiet"]
    first = wall_time(command, allowed=(DONE, NOTHING_DONE))
    again = wall_time(command)
    return {"first_s": first, "again_s": again, "again_peak_mib": peak_memory(command).rss_mib}


def storing(folder: Path, count: int, slices: int, repeats: int) -> Comparison:
    """A survey of some series against ``ctiqa score`` of them, which stores nothing."""
    place, store = folder / "archive", folder / "scores.sqlite"
    place.mkdir()
    for number in range(count):
        make_series(place / f"{number:03}", slices, partial(_uncompressed, number))

    def survey() -> float:
        for left in folder.glob("scores.sqlite*"):
            left.unlink()
        return wall_time([PROGRAM, "survey", str(place), "--store", str(store)])

    def score() -> float:
        return wall_time([PROGRAM, "score", str(place), "--out", str(folder / "scores.json")])

    total = count * slices
    two = [Contestant("ctiqa survey", total, survey), Contestant("ctiqa score", total, score)]
    return in_turn(f"{count} series of {slices} slices", two, repeats, reference="ctiqa score")


def writing(folder: Path, scans: int, slices: int) -> dict[str, float]:
    """Time and place that stored results take, with the marks of their files."""
    file = folder / "written.sqlite"
    with open_store(file) as store:
        made = list(bundles(store.privacy, scans, slices))
        seconds = timed(lambda: store_all(store, iter(made)))()
    return {
        "ms_per_scan": 1e3 * seconds / scans,
        "kb_per_scan": file.stat().st_size / 1e3 / scans,
        "part_kb_per_scan": sum(len(compress(each.to_json().encode())) for each in made[:100])
        / 1e5,
    }


def trending(folder: Path, scans: int) -> dict[str, float]:
    """Time, memory and page of ``ctiqa trends`` over a year of made scans."""
    file, out = folder / "year.sqlite", folder / "trends"
    store_of(archive(scans, weeks=52), file).close()
    command = [PROGRAM, "trends", "--store", str(file), "--out", str(out), "--quiet"]
    return {
        "s": wall_time(command),
        "peak_mib": peak_memory(command).rss_mib,
        "page_mb": (out / "trends.html").stat().st_size / 1e6,
    }


def _uncompressed(number: int, image: FileDataset) -> None:
    """Store the pixels as they are, and change one, so that no series is a copy of another."""
    uncompressed(image)
    pixels = bytearray(image.PixelData)
    pixels[2 * number] ^= 1
    image.PixelData = bytes(pixels)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="files to list (100000)")
    parser.add_argument("--series", type=int, default=10, help="series to score (10)")
    parser.add_argument("--slices", type=int, default=60, help="slices of each (60)")
    parser.add_argument("--scans", type=int, default=50_000, help="scans of trends (50000)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (5)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ctiqa-bench-") as made:
        folder = Path(made)
        stored = storing(folder, asked.series, asked.slices, asked.repeats)
        found = {
            "storing": {
                "slices_per_s": {each.name: each.slices_per_s for each in stored.times},
                "ratios": stored.ratios(stored.times[0]),
            },
            "writing": writing(folder, 1000, 100),
            "trends": trending(folder, asked.scans),
            "listing": listing(folder, asked.files),
        }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
