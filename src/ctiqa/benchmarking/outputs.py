"""The files of a benchmark; all are made before the first is written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ctiqa.benchmarking.as_csv import slices_as_csv
from ctiqa.benchmarking.as_json import benchmark_as_json
from ctiqa.benchmarking.page import benchmark_page
from ctiqa.benchmarking.result import Benchmark
from ctiqa.io.atomic import check_results_folder, make_folder, write_bytes

JSON, TABLE, PAGE = "benchmark.json", "slices.csv", "index.html"
"""Names of the files."""


def write_benchmark(
    benchmark: Benchmark, folder: Path, command: str, created: datetime | None = None
) -> None:
    """Write all files.

    Args:
        benchmark: The benchmark.
        folder: Folder, created if necessary.
        command: Command that was run.
        created: Time of the benchmark; now if not given.

    Raises:
        UsageError: If the folder is a file.
        OutputError: If something cannot be written.
    """
    check_results_folder(folder)
    when = created or datetime.now().astimezone()
    files = {
        JSON: benchmark_as_json(benchmark, command, when),
        TABLE: slices_as_csv(benchmark),
        PAGE: benchmark_page(benchmark, command, when),
    }
    make_folder(folder)
    for name, content in files.items():
        write_bytes(folder / name, content)
