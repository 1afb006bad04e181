"""The audit of a data set, and its page."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.evaluate.sound_labels import rows, sound
from tests.html_page import EVIL, PICTURE, read_page

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError, OutputError
from ctiqa.evaluate.label_audit.audit import audit, write_audit
from ctiqa.evaluate.label_audit.rules import Audit


def page(examples: Examples, folder: Path) -> str:
    write_audit(examples, folder / "audit.html")
    return (folder / "audit.html").read_text(encoding="utf-8")


def test_label_alone_is_enough(tmp_path: Path) -> None:
    found = Examples(tmp_path, pl.DataFrame({"label": [0.0, 1.0, 2.0, 3.0, None]}))
    text = page(found, tmp_path)
    read_page(text)
    assert "The pixels of this example could not be read." in text
    assert "not known" in text
    assert "Parts of the label" not in text
    assert audit(found).whole.missing == 1


@pytest.mark.parametrize("column", ["dose", "views", "raw", "fold", "patient", "region", "loss_0"])
def test_any_other_column_may_be_absent(column: str, tmp_path: Path) -> None:
    read_page(page(Examples(Path("few"), pl.DataFrame(rows()).drop(column)), tmp_path))


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"score": [1.0]}),
        pl.DataFrame({"label": []}),
        pl.DataFrame({"label": [None, float("nan")]}),
    ],
)
def test_labels_must_be_there(table: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="needs labels, got none in"):
        audit(Examples(Path("none"), table))


def test_page_of_a_prepared_data_set(examples: Examples, tmp_path: Path) -> None:
    text = page(examples, tmp_path)
    found: Audit = audit(examples)
    parts = read_page(text)
    assert parts.charts == parts.counts["title"] - 1
    assert text.count(PICTURE) == len(found.picks)
    assert [order.weak for order in found.monotonicity[:2]] == [1.0, 1.0]
    assert found.leaks == {"split": (), "fold": ()}


def test_second_page_is_the_same(examples: Examples, tmp_path: Path) -> None:
    assert page(examples, tmp_path) == page(examples, tmp_path)


def test_texts_are_escaped(tmp_path: Path) -> None:
    names = ("id", "shard", "patient", "region", "split", "origin", "licence")
    evil = sound(**{name: pl.lit(EVIL) for name in names}, label=4 - pl.col("label"))
    text = page(Examples(Path(EVIL), evil.table.rename({"loss_0": f"loss_{EVIL}"})), tmp_path)
    read_page(text)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 8


def test_page_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must be writable"):
        write_audit(sound(), tmp_path / "absent" / "audit.html")
    assert list(tmp_path.iterdir()) == []
