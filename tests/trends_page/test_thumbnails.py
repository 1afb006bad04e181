from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.trends_page.made import made, page, read_scripted

from ctiqa.errors import UsageError
from ctiqa.score.png import data_uri, encode_png
from ctiqa.trends.page import trends_page
from ctiqa.trends.page.outliers import MOST_BYTES_OF_PICTURES, pictures_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GREY = np.full((40, 60), 90, np.uint8)


def test_pictures_stand_beside_their_outliers() -> None:
    first, second, *_ = made().outliers
    text = trends_page(made(), thumbnails={first.series_uid: data_uri(GREY)})
    assert len(read_scripted(text).images) == 1
    rows = text.split("<tr")
    assert "<img" in next(row for row in rows if f">{first.series_uid}<" in row)
    assert "<img" not in next(row for row in rows if f">{second.series_uid}<" in row)
    assert "1 of " in text


def test_bytes_and_addresses_are_the_same() -> None:
    uid = made().outliers[0].series_uid
    pages = [
        trends_page(made(), thumbnails={uid: each}, created=NOW)
        for each in (encode_png(GREY), data_uri(GREY))
    ]
    assert pages[0] == pages[1]


def test_without_pictures_there_is_no_column() -> None:
    assert ">Image<" not in page()
    assert ">Image<" not in trends_page(made(), thumbnails={"of another scan": data_uri(GREY)})


@pytest.mark.parametrize(
    "picture",
    [
        b"GIF89a",
        "http://a.example/x.png",
        "data:image/svg+xml;base64,AAAA",
        'data:image/png;base64,"',
    ],
)
def test_what_is_not_a_png_is_refused(picture: bytes | str) -> None:
    with pytest.raises(UsageError, match="PNG"):
        trends_page(made(), thumbnails={made().outliers[0].series_uid: picture})


def test_a_large_picture_is_refused() -> None:
    picture = "data:image/png;base64," + "A" * 200_000
    with pytest.raises(UsageError, match="make it smaller"):
        trends_page(made(), thumbnails={made().outliers[0].series_uid: picture})


def test_pictures_have_a_limit_in_all_and_the_worst_outliers_come_first() -> None:
    size = 90_000
    picture = "data:image/png;base64," + "A" * size
    many = made(50_000, weeks=52).outliers[:200]
    found = pictures_of(many, {each.series_uid: picture for each in many})
    assert len(found) == MOST_BYTES_OF_PICTURES // len(picture)
    assert list(found) == [each.series_uid for each in many[: len(found)]]
