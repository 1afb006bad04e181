from __future__ import annotations

from pathlib import Path

import pytest
from tests.score.made import header

from ctiqa.errors import UsageError
from ctiqa.score.select import SliceRange, select
from ctiqa.types import Scan

SCAN = Scan("1", Path("scan"), tuple(header(index) for index in range(10)))


@pytest.mark.parametrize("text", ["2:5", ":3", "7:", ":", "-3:", "2:-2", "0:10"])
def test_range_means_what_it_means_in_python(text: str) -> None:
    parts = [int(part) if part else None for part in text.split(":")]
    assert select(SCAN, SliceRange.parse(text)).headers == SCAN.headers[slice(*parts)]
    assert str(SliceRange.parse(text)) == text


def test_no_range_is_the_whole_scan() -> None:
    assert select(SCAN, None) is SCAN


@pytest.mark.parametrize("text", ["5", "a:b", "1:2:3", "1.5:2", "", "1-5"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="must be A:B, A: or :B with whole numbers"):
        SliceRange.parse(text)


@pytest.mark.parametrize("text", ["0:11", "10:", "5:5", "6:2", "-11:", ":0"])
def test_range_outside_the_scan_states_the_range(text: str) -> None:
    with pytest.raises(UsageError, match=rf"inside 0:10 \(scan has 10 slices\), got {text}"):
        select(SCAN, SliceRange.parse(text))
