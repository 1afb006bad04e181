"""How often a DICOM file is opened: on a hospital's share every time takes milliseconds."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.io.make import write_series

from ctiqa.io import find_scans
from ctiqa.io.protocol import DEFAULT_OPTIONS
from ctiqa.io.stream import read_or_skip
from ctiqa.types import Slice

counted: Counter[str] | None = None
"""Files opened since the count began."""


def _count(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and counted is not None and isinstance(args[0], str):
        counted[args[0]] += 1


sys.addaudithook(_count)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return [str(file) for file in write_series(tmp_path, 6)]


def test_a_file_is_opened_once_for_its_header_and_once_for_its_pixels(files: list[str]) -> None:
    global counted  # noqa: PLW0603 - an audit hook cannot be taken off
    counted = Counter()
    try:
        (scan,) = find_scans([Path(files[0]).parent]).scans
        headers = Counter(counted)
        slices = [read_or_skip(header, DEFAULT_OPTIONS) for header in scan.headers]
        both = Counter(counted)
    finally:
        counted = None
    assert all(isinstance(each, Slice) for each in slices)
    # The first four are asked besides whether they are compressed.
    assert sorted(headers[file] for file in files) == [1, 1, 2, 2, 2, 2]
    assert {both[file] - headers[file] for file in files} == {1}
