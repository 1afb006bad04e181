"""NOTICE names every source of the weights, with its patients and where they come from."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.data.manifest import DRAWN
from ctiqa.recipe import SimulateClinicalData, read_recipe
from ctiqa.weights import load_model

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "recipes" / "ctiqa-s4.toml"
INDEX = ROOT.parent / "shared" / "ct" / "index.json"

NUMBER = re.compile(r"^(\d+)\. +", re.MULTILINE)
PATIENTS = re.compile(r", (\d+) patients? \(([^)]+)\)\.")
IN_CARD = re.compile(r"^    In the model card: (.+)$", re.MULTILINE)
GRADE = re.compile(r"Licence evidence(?: of the latter)?: (A1|A2|B)\.")

Split = Counter[str]

on_the_collection = [
    pytest.mark.shared,
    pytest.mark.skipif(not INDEX.is_file(), reason="needs ../shared/ct/index.json"),
]


def data_part() -> str:
    text = (ROOT / "NOTICE").read_text(encoding="utf-8")
    return text[text.index("\nDATA\n====\n") : text.index("\nMETHODS\n=======\n")]


def entries() -> list[str]:
    """Text of each numbered source."""
    return NUMBER.split(data_part())[2::2]


def sources_of(entry: str) -> frozenset[str]:
    """Names of a source in model cards."""
    return frozenset(IN_CARD.findall(entry))


def split_of(entry: str) -> Split:
    """Patients of an entry by split: "(training)" is all of them, "(1 training, 2 test)" some."""
    stated = PATIENTS.search(entry)
    assert stated, entry
    count, splits = stated.groups()
    found: Split = Counter()
    for part in splits.split(", "):
        number, _, name = part.rpartition(" ")
        found[name] += int(number or count)
    assert found.total() == int(count), entry
    return found


def collection() -> list[Mapping[str, Any]]:
    records: list[Mapping[str, Any]] = json.loads(INDEX.read_text(encoding="utf-8"))
    return records


@cache
def recipe_data() -> SimulateClinicalData:
    data = read_recipe(RECIPE).data
    assert isinstance(data, SimulateClinicalData)
    return data


def split_of_patient(patient: str) -> str:
    data = recipe_data()
    if patient in data.test_patients:
        return "test"
    return "validation" if patient in data.validation_patients else "training"


def test_sources_are_numbered_in_order() -> None:
    numbers = [int(number) for number in NUMBER.findall(data_part())]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_source_of_the_shipped_model_is_named() -> None:
    named = frozenset[str]().union(*map(sources_of, entries()))
    sources = {each["source"] for each in load_model(DEFAULT_MODEL).facts["data"]}
    assert sources
    assert sources <= named


def test_every_source_of_patients_has_its_split() -> None:
    for entry in entries():
        assert sources_of(entry), entry
        if sources_of(entry) != {DRAWN}:
            assert set(split_of(entry)) <= {"training", "validation", "test"}, entry


class TestCollection:
    """The sources of the recipe are all series of the collection and what is drawn."""

    pytestmark = on_the_collection

    def test_sources_are_those_of_the_collection(self) -> None:
        named = frozenset[str]().union(*map(sources_of, entries()))
        assert named == {record["origin"] for record in collection()} | {DRAWN}

    def test_patients_are_counted_by_split(self) -> None:
        stated: dict[frozenset[str], Split] = defaultdict(Counter)
        for entry in entries():
            if sources_of(entry) != {DRAWN}:
                # Two collections may have come under one name.
                stated[sources_of(entry)] += split_of(entry)
        for sources, split in stated.items():
            patients = {r["patient_id"] for r in collection() if r["origin"] in sources}
            assert split == Counter(map(split_of_patient, patients)), sources

    def test_every_repository_is_named_with_its_source(self) -> None:
        for record in collection():
            texts = [entry for entry in entries() if record["origin"] in sources_of(entry)]
            assert any(f"github.com/{record['repository']}" in text for text in texts), record

    def test_grades_of_licence_evidence_are_those_of_the_index(self) -> None:
        for entry in entries():
            graded = {
                record["licence_evidence"].split(":")[0]
                for record in collection()
                if record["origin"] in sources_of(entry) and "licence_evidence" in record
            }
            assert set(GRADE.findall(entry)) == graded, entry

    def test_totals_are_those_of_the_collection(self) -> None:
        patients = {record["patient_id"] for record in collection()}
        total = Counter(map(split_of_patient, patients))
        text = data_part()
        assert f"Patients: {len(patients)}, split as in" in text
        assert f"{total['training']} are trained on. {total['validation']} are for" in text
        assert f"{total['test']} are held out for the test." in text
