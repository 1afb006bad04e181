from __future__ import annotations

from pathlib import Path

import pytest
from tests.score.made import header

from ctiqa.errors import Reason, UsageError
from ctiqa.score.select import SliceRange, select
from ctiqa.types import Scan


def scan(count: int, name: str = "scan") -> Scan:
    return Scan(f"1.{count}", Path(name), tuple(header(index) for index in range(count)))


SCAN = scan(10)


@pytest.mark.parametrize(
    "text", ["2:5", ":3", "7:", ":", "-3:", "2:-2", "0:10", "0:11", "-11:", "8:40", "-99:-8"]
)
def test_range_means_what_it_means_in_python(text: str) -> None:
    parts = [int(part) if part else None for part in text.split(":")]
    (chosen,), left_out = select([SCAN], SliceRange.parse(text))
    assert chosen.headers == SCAN.headers[slice(*parts)]
    assert left_out == ()
    assert str(SliceRange.parse(text)) == text


def test_no_range_is_the_whole_scan() -> None:
    assert select([SCAN], None) == ((SCAN,), ())


@pytest.mark.parametrize(
    "text", ["5", "a:b", "1:2:3", "1.5:2", "", "1-5", "9" * 9999 + ":", "1:\x1b"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="must be A:B, A: or :B with whole numbers") as caught:
        SliceRange.parse(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["5:5", "6:2", ":0", "-2:-5", "-3:0", "-1:-1"])
def test_range_that_no_scan_can_have_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"with A before B, got {text}"):
        SliceRange.parse(text)


def test_short_scans_are_cut_or_left_out_and_the_rest_goes_on() -> None:
    scans = [scan(99, "long"), scan(20, "short"), scan(10, "none"), scan(40, "just")]
    chosen, left_out = select(scans, SliceRange(10, 40))
    assert [(str(each.path), len(each.headers)) for each in chosen] == [
        ("long", 30),
        ("short", 10),
        ("just", 30),
    ]
    assert [each.warnings for each in chosen] == [
        (),
        ("slices 10:40 reach beyond its 20 slices: 10 were taken",),
        (),
    ]
    (skipped,) = left_out
    assert (skipped.file, skipped.reason) == (Path("none"), Reason.NOT_SELECTED)
    assert skipped.detail == "series 1.10 holds 10 slices, none of them in 10:40"


def test_negative_ends_count_from_the_end_of_each_scan() -> None:
    chosen, left_out = select([scan(3), scan(30)], SliceRange(-5, -3))
    assert [len(each.headers) for each in chosen] == [2]
    assert [each.reason for each in left_out] == [Reason.NOT_SELECTED]
