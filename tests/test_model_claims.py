"""What the pages say about the shipped model is what its card says."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from tools import model_card
from tools.model_claims import PAGES, PASSAGES, ROOT, flips, with_claims

from ctiqa.catalog import DEFAULT_MODEL, MODELS
from ctiqa.weights import load_model

MARK = re.compile(r"<!-- model ([a-z-]+): python -m tools\.model_claims -->")

RECORDS = {"evaluation.md", "data.md", "systems.md", "model-card.md", "performance.md"}
"""Pages that also name earlier models, or recipes: measurements with their date and command."""


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    return dict(load_model(DEFAULT_MODEL).facts)


@pytest.mark.parametrize("page", PAGES)
def test_passages_are_up_to_date(page: str, card: dict[str, Any]) -> None:
    """Otherwise: python -m tools.model_claims."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert MARK.search(text)
    assert with_claims(text, card) == text


def test_the_model_card_is_up_to_date(card: dict[str, Any]) -> None:
    """Otherwise: python -m tools.model_card."""
    assert model_card.page(card) == model_card.PAGE.read_text(encoding="utf-8")


def test_every_passage_stands_on_a_page() -> None:
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in PAGES]
    assert {name for text in texts for name in MARK.findall(text)} == set(PASSAGES)


def test_passages_stand_on_listed_pages_alone() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    marked = {
        page.relative_to(ROOT).as_posix()
        for page in pages
        if MARK.search(page.read_text(encoding="utf-8"))
    }
    assert marked == set(PAGES)


@pytest.mark.parametrize("name", sorted(set(PASSAGES) - {"names"}))
def test_another_card_makes_another_passage(name: str, card: dict[str, Any]) -> None:
    other = copy.deepcopy(card)
    other["name"] = "other"
    other["label"] = "Read by radiologists."
    assert PASSAGES[name](other) != PASSAGES[name](card)


def test_a_stale_passage_is_replaced_and_the_rest_is_kept(card: dict[str, Any]) -> None:
    begin, end = "<!-- model label: python -m tools.model_claims -->", "<!-- /model label -->"
    made = with_claims(f"before\n{begin}\nstale\n{end}\nafter\n", card)
    assert made == f"before\n{begin}\n\n> {card['label']}\n\n{end}\nafter\n"


def test_an_unknown_passage_is_an_error(card: dict[str, Any]) -> None:
    text = "<!-- model nothing: python -m tools.model_claims -->\n<!-- /model nothing -->"
    with pytest.raises(KeyError, match="nothing"):
        with_claims(text, card)


def test_flips_give_the_range_and_the_largest_of_both() -> None:
    both = {
        "flip left-right": {"within_0.1": 0.6, "largest": 0.4},
        "flip up-down": {"within_0.1": 0.8, "largest": 0.2},
        "quarter turn": {"within_0.1": 0.1, "largest": 3.0},
    }
    assert flips(both) == (
        "Flipping the image changes the score by no more than 0.1 in 60–80 % of slices "
        "(depending on the axis), and never by more than 0.4."
    )


def test_pages_offer_shipped_models_alone() -> None:
    shipped = {record.name for record in MODELS}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        if page.name not in RECORDS:
            named = set(re.findall(r"\bctiqa-s\d+\b", page.read_text(encoding="utf-8")))
            assert named <= shipped, page.name
