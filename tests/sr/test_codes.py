"""The codes: standard ones as standards print them, all as DICOM allows, all documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.sr._concepts_dict import concepts

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.sr import answers, codes
from ctiqa.sr.codes import Coded
from ctiqa.weights import load_model

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "results-to-pacs.md"

MOST_MEANING = 64
"""Characters of a code meaning (LO)."""

NOT_IN_PYDICOM = {"mGy", "/mm", "{0:4}", "{0:100}", "{slices}"}
"""Units of UCUM that no context group of pydicom lists."""


def all_codes() -> Iterator[Coded]:
    for value in vars(codes).values():
        if isinstance(value, Coded):
            yield value
        elif isinstance(value, dict):
            yield from (each for each in value.values() if isinstance(each, Coded))


@pytest.mark.parametrize("code", sorted(set(all_codes())), ids=lambda code: code.value)
def test_a_standard_code_means_what_the_standard_says(code: Coded) -> None:
    assert 0 < len(code.meaning) <= MOST_MEANING
    assert 0 < len(code.value) <= 16
    if code.scheme == codes.SCHEME or code.value in NOT_IN_PYDICOM:
        return
    known: dict[str, Any] = concepts[code.scheme]
    meanings = [entry[code.value][0] for entry in known.values() if code.value in entry]
    assert code.meaning in meanings


def test_a_code_of_ctiqa_has_one_meaning() -> None:
    findings = map(codes.finding_code, load_model(DEFAULT_MODEL).card.findings)
    notes = (codes.own(codes.slug(flag), text) for flag, text in answers.NOTES.items())
    found = {each for each in (*all_codes(), *findings, *notes) if each.scheme == codes.SCHEME}
    assert len({code.value for code in found}) == len(found)


def test_meanings_of_notes_fit() -> None:
    assert all(len(meaning) <= MOST_MEANING for meaning in answers.NOTES.values())


def test_all_regions_and_findings_of_the_model_have_a_code() -> None:
    card = load_model(DEFAULT_MODEL).card
    assert set(card.regions) <= codes.REGIONS.keys()
    values = [codes.finding_code(name).value for name in card.findings]
    assert len(set(values)) == len(values)


def test_every_code_is_documented() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = {line.strip() for line in page.splitlines() if line.startswith("|")}
    for code in set(all_codes()):
        row = f"| `{code.value}` | {code.scheme} | {code.meaning} |"
        assert any(line.startswith(row) for line in rows), row
