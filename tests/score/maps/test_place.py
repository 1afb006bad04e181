"""Where slices stand in a report."""

from __future__ import annotations

from pathlib import Path

from tests.score.made import image

from ctiqa.score.maps.place import Place, with_places
from ctiqa.types import Scan


def test_numbers_are_those_of_the_report() -> None:
    """A scan of which no slice could be read is not in the report, and so has no number."""
    scans = [Scan(uid, Path("a"), ()) for uid in ("1.1", "1.2", "1.3")]
    stream = [(0, image()), (0, image()), (2, image())]
    assert [place for place, _ in with_places(stream, scans)] == [
        Place(0, 1, 0, "1.1"),
        Place(0, 1, 1, "1.1"),
        Place(2, 2, 0, "1.3"),
    ]


def test_slices_pass_through() -> None:
    images = [image(k) for k in range(3)]
    scans = [Scan("1", Path("a"), ())]
    assert [each for _, each in with_places([(0, i) for i in images], scans)] == images
