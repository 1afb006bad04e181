"""Labels against dose and views."""

from __future__ import annotations

from tests.evaluate.sound_labels import sound

from ctiqa.evaluate.label_audit.audit import audit


def test_classes_of_dose_run_from_most_to_least() -> None:
    relations = audit(sound()).relations
    assert [(each.region, each.column) for each in relations] == [
        (region, column) for column in ("dose", "views") for region in ("abdomen", "chest")
    ]
    assert [row.name for row in relations[0].rows] == ["100 %", "75–100 %", "50–75 %", "25–50 %"]
    assert sum(row.n for row in relations[0].rows) == audit(sound()).regions[0].examples
