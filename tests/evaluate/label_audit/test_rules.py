"""Every rule is kept by sound labels, and told where it is broken."""

from __future__ import annotations

import html
from pathlib import Path

import polars as pl
import pytest
from tests.evaluate.sound_labels import sound, when

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.label_audit.audit import audit, write_audit


def broken(examples: Examples) -> dict[str, tuple[str, ...]]:
    return {each.rule.text: each.values for each in audit(examples).warnings}


def test_sound_labels_break_no_rule() -> None:
    assert broken(sound()) == {}


@pytest.mark.parametrize(
    ("fault", "rule", "value"),
    [
        ({"label": pl.col("label").clip(2.2, 4)}, "shared by more than 20 %", "all: "),
        ({"label": pl.col("label").clip(2.2, 4)}, "Every grade", "all: none bad, poor"),
        ({"label": pl.col("label").clip(0, 1) * 4}, "one end of the scale", "chest: "),
        ({"label": when("train0", "label", 2.0)}, "labels of one patient", "train0: SD 0.000"),
        ({"label": 4 - pl.col("label")}, "rises by no more than 0.05", "Dose ladder, label: 18 of"),
        ({"split": when("test0", "split", "tune")}, "at least 5 patients", "tune: 1"),
        ({"loss_0": pl.lit(1.0)}, "finite and varies", "Patch error: 1 everywhere"),
        ({"loss_1": when("test1", "loss_1", None)}, "finite and varies", "13 not finite"),
        ({"loss_1": pl.lit(float("nan"))}, "finite and varies", "234 not finite"),
        ({"label": when("test1", "label", float("nan"))}, "without a label", "all: 16 of 288"),
        ({"label": pl.col("label") - 1}, "on the scale from 0 to 4", " labels"),
        ({"patient": when("test0", "patient", "train0")}, "two splits", "more than one split: tr"),
        ({"patient": when("train0", "patient", "train1")}, "two folds", "more than one fold: tr"),
    ],
)
def test_fault_is_told(fault: dict[str, pl.Expr], rule: str, value: str) -> None:
    found = [values for text, values in broken(sound(**fault)).items() if rule in text]
    assert len(found) == 1
    assert any(value in each for each in found[0])


def test_every_rule_says_what_to_do(tmp_path: Path) -> None:
    examples = sound(label=pl.lit(2.0))
    write_audit(examples, tmp_path / "audit.html")
    text = html.unescape((tmp_path / "audit.html").read_text(encoding="utf-8"))
    for each in audit(examples).warnings:
        assert each.rule.text in text
        assert each.rule.remedy in text
        assert each.values[0] in text
