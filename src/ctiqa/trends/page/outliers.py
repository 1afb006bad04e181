"""Outliers as rows of the page, with pictures of them if there are any."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from ctiqa.errors import UsageError
from ctiqa.trends.page.choices import Choices
from ctiqa.trends.page.words import UNKNOWN, days_since_epoch
from ctiqa.trends.result import Outlier, OutlierReason, Trends, label_of

MOST_ROWS = 200
"""Rows of a table of the page; the rest is in the tables."""

MOST_PICTURE_BYTES = 100_000
"""Largest picture, as a data URI."""

MOST_BYTES_OF_PICTURES = 3_000_000
"""All pictures together."""

PNG = b"\x89PNG\r\n\x1a\n"
PNG_URI = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+={0,2}")

REASONS: Mapping[OutlierReason, str] = {
    "noise": "Noise",
    "artefact": "Artefact",
    "dose": "Dose",
    "filter": "Filter",
}
"""Why a scan is an outlier, as a heading."""


@dataclass(frozen=True, slots=True)
class OutlierRow:
    """An outlier as the page shows it.

    Attributes:
        outlier: The outlier.
        reasons: Why, in words.
        sentence: What is unusual and what is usual; day, protocol and scanner are beside it.
        percentile: Its percentile of noise among comparable scans; ``None`` for too few.
        n_comparable: Number of comparable scans.
        comparable: What they have in common.
        facts: Numbers of its group, region and day, as the script reads them.
        picture: ``data:`` URI, or ``None``.
    """

    outlier: Outlier
    reasons: tuple[str, ...]
    sentence: str
    percentile: float | None
    n_comparable: int
    comparable: str
    facts: Mapping[str, int | str]
    picture: str | None


def outlier_rows(
    trends: Trends, choices: Choices, thumbnails: Mapping[str, bytes | str]
) -> list[OutlierRow]:
    """The worst outliers, the worst first."""
    shown = trends.outliers[:MOST_ROWS]
    pictures = pictures_of(shown, thumbnails)
    scans = trends.scans[[each.row for each in shown]].iter_rows(named=True) if shown else ()
    return [
        OutlierRow(
            outlier=each,
            reasons=tuple(REASONS[reason] for reason in each.reasons),
            sentence=without_scan(each),
            percentile=scan["percentile"],
            n_comparable=scan["n_comparable"] or 0,
            comparable=comparable_text(scan),
            facts={
                "group": choices.groups[each.protocol, each.scanner, each.kernel],
                "region": choices.code("region", scan["region"]),
                "day": "" if each.day is None else days_since_epoch(each.day),
            },
            picture=pictures.get(each.series_uid),
        )
        for each, scan in zip(shown, scans, strict=True)
    ]


def pictures_of(
    outliers: tuple[Outlier, ...], thumbnails: Mapping[str, bytes | str]
) -> dict[str, str]:
    """Pictures of the outliers as ``data:`` URIs, the worst first, as far as they have room.

    Args:
        outliers: Outliers, the worst first.
        thumbnails: By series UID as stored: the bytes of a PNG, or a ``data:`` URI of one.

    Raises:
        UsageError: If one is not a PNG, or is too large.
    """
    found: dict[str, str] = {}
    room = MOST_BYTES_OF_PICTURES
    for outlier in outliers:
        if outlier.series_uid in found or outlier.series_uid not in thumbnails:
            continue
        picture = picture_uri(thumbnails[outlier.series_uid])
        if len(picture) > room:
            break
        room -= len(picture)
        found[outlier.series_uid] = picture
    return found


def picture_uri(picture: bytes | str) -> str:
    """A picture as ``data:`` URI.

    Raises:
        UsageError: If it is not a PNG, or is too large.

    >>> picture_uri("data:image/png;base64,AAAA")
    'data:image/png;base64,AAAA'
    """
    if isinstance(picture, bytes):
        if not picture.startswith(PNG):
            raise UsageError("a thumbnail must be a PNG image")
        picture = f"data:image/png;base64,{b64encode(picture).decode('ascii')}"
    if not PNG_URI.fullmatch(picture):
        raise UsageError("a thumbnail must be the bytes of a PNG image, or a data URI of one")
    if len(picture) > MOST_PICTURE_BYTES:
        raise UsageError(
            f"a thumbnail takes {len(picture):,} bytes as text; at most {MOST_PICTURE_BYTES:,} fit "
            "in the page; make it smaller"
        )
    return picture


def without_scan(outlier: Outlier) -> str:
    """The sentence without the scan that it begins with."""
    day = "" if outlier.day is None else f"{outlier.day}, "
    return outlier.sentence.removeprefix(f"{day}{label_of(outlier.protocol, outlier.scanner)}: ")


def comparable_text(scan: Mapping[str, str | None]) -> str:
    """Region, kernel class, thickness band and Dw band."""
    names = {"region": "", "kernel_class": " kernel", "thickness_band": "", "dw_band": ""}
    known = [
        f"{scan[name]}{noun}" if name != "dw_band" else f"Dw {scan[name]}"
        for name, noun in names.items()
        if scan[name] not in {None, UNKNOWN}
    ]
    return ", ".join(known)
