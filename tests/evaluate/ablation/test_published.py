from __future__ import annotations

import pytest

from ctiqa.errors import DataError
from ctiqa.evaluate.ablation.published import parse_published, published, published_rows


def test_published_rows_add_up() -> None:
    """Overall is the sum of the three correlations, all four rounded to four places."""
    whole = [row for row in published_rows() if row.metrics]
    for row in whole:
        assert row.overall == pytest.approx(sum(row.metrics[:3]), abs=2.01e-4), row
    assert len(whole) == 36
    assert {len(row.metrics) for row in whole} == {3, 5}


def test_no_published_mean_square_is_less_than_the_square_of_the_mean() -> None:
    """Which no errors can have; it also tells the two columns apart."""
    rows = [row for row in published_rows() if len(row.metrics) == 5]
    assert {row.table for row in rows} == {"blocks", "members", "beta", "networks"}
    assert all(row.by_name["mae"] ** 2 < row.by_name["mse"] + 1e-4 for row in rows)


def test_the_method_of_shen_is_the_same_row_of_all_four_tables() -> None:
    names = {"blocks": "4 blocks", "members": "4 members", "beta": "beta 0.75"}
    found = [published(table)[name].by_name for table, name in names.items()]
    assert found == [published("networks")["this method"].by_name] * 3
    for table in names:
        rows = published(table).values()
        assert max(row.overall for row in rows) == 2.8070
        assert all(len(row.by_name) == 6 for row in rows)


def test_official_and_internal_splits_are_never_one_table() -> None:
    for table in {row.table for row in published_rows()}:
        assert len({row.measured_on for row in published_rows() if row.table == table}) == 1


TABLE = '[[table]]\nname = "t"\nmeasured_on = "m"\nsource = "s"\n[table.rows]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE + "a = [2.7, 0.9]", r"row 'a' of table 't': must hold 1, 4 or 6 numbers, got \[2.7"),
        (TABLE + "a = [nan]", "must hold 1, 4 or 6 numbers"),
        (TABLE + "a = ['2.7']", "must hold 1, 4 or 6 numbers"),
        (TABLE + "a = [2.6, 0.9, 0.9, 0.9]", "overall must be the sum of PLCC, SROCC and KROCC"),
        (TABLE + "a = [2.7]\n" + TABLE + "a = [2.6]", r"given once, got \[\('t', 'a'\)\]"),
        (TABLE + "a = []", "'rows' in every"),
        (TABLE + "a = 2.7", "'rows' in every"),
        (TABLE.replace("name", "title") + "a = [2.7]", "'name'"),
        ("table = 1", "must be TOML with 'name'"),
        ("[[table", "must be TOML with 'name'"),
    ],
)
def test_published_tables_are_checked(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_published(text)
