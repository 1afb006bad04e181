"""What a page shows of one scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ctiqa.score.report.facts import acquisition_rows, shown_path
from ctiqa.score.report.page.charts import Curve, curve_of
from ctiqa.score.report.page.thumbnails import FULL, PictureStyle, Thumbnail, make_thumbnails
from ctiqa.score.report.sentences import QUALITY, Row, heading, plain_words, summary_rows
from ctiqa.score.verdict import has_sharp_kernel
from ctiqa.text.plain_text import clean
from ctiqa.types import ScanScore, Slice, SliceHeader

SERIES_DIGITS = 8
"""Characters of a series UID that tell scans of the same name apart."""


@dataclass(frozen=True, slots=True)
class ScanView:
    """One scan as shown on the page.

    Attributes:
        number: 1 for the first scan of the report.
        name: Its short name.
        verdict: Its scores.
        about: Region, scanner, kernel and tube voltage.
        plain: A sentence for a reader who is no physicist; may be empty.
        sharp: Whether its kernel is sharp, so that no word is used.
        rows: What to know of it as (label, text), without its score.
        facts: Acquisition parameters as (label, text).
        curve: Score along z; ``None`` for a single slice.
        thumbnails: Images of some slices.
    """

    number: int
    name: str
    verdict: ScanScore
    about: str
    plain: str
    sharp: bool
    rows: list[Row]
    facts: list[Row]
    curve: Curve | None
    thumbnails: list[Thumbnail]


def scan_view(
    number: int,
    verdict: ScanScore,
    read: Callable[[SliceHeader], Slice],
    name: str,
    style: PictureStyle = FULL,
) -> ScanView:
    """Collect what the page shows of one scan; ``read`` returns the pixels of a slice."""
    return ScanView(
        number=number,
        name=name,
        verdict=verdict,
        about=heading(verdict),
        plain=plain_words(verdict),
        sharp=has_sharp_kernel(verdict),
        rows=[(label, text) for label, text in summary_rows(verdict) if label != QUALITY],
        facts=acquisition_rows(verdict.scan.headers),
        curve=curve_of(verdict) if len(verdict.slices) > 1 else None,
        thumbnails=make_thumbnails(verdict, read, style),
    )


def scan_names(verdicts: Sequence[ScanScore]) -> list[str]:
    """Short names of scans: the last part of the path, with the end of the UID if ambiguous."""
    names = [clean(each.scan.path.name) or shown_path(each.scan.path) for each in verdicts]
    repeated = {name for name, count in Counter(names).items() if count > 1}
    return [
        f"{name} (series …{clean(each.scan.series_uid)[-SERIES_DIGITS:]})"
        if name in repeated
        else name
        for name, each in zip(names, verdicts, strict=True)
    ]
