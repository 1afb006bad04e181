"""What docs/trust.md says: the numbers of the card, and those of the page on physics."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from tools.model_claims import ROOT
from tools.trust.passages import TRUST, noise

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.weights import load_model

TEXT = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")

RULE = {"level": 0.8, "quantile": 2.0, "floor": 0.1}


@pytest.fixture
def card() -> dict[str, Any]:
    return copy.deepcopy(dict(load_model(DEFAULT_MODEL).facts))


def test_the_interval_of_the_noise_is_that_of_the_card(card: dict[str, Any]) -> None:
    card["checks"]["noise_interval_coverage"] = 0.876
    made = noise(card | {"noise_interval": RULE})
    assert "80 % of the validation slices. It is 1.22 at least" in made
    assert "contains 87.6 % of the test slices" in made
    overview = TRUST["trust-estimates"](card | {"noise_interval": RULE})
    assert "contains 87.6 %; a factor of 1.22 or more" in overview
    card.pop("noise_interval", None)
    assert "states no interval" in noise(card)
    assert "the card states none" in TRUST["trust-estimates"](card)


def test_findings_that_were_too_rare_have_no_number(card: dict[str, Any]) -> None:
    card["checks"]["answers"]["findings_auc"] = {"rings": None, "metal": 0.6, "motion": 0.7}
    assert "motion 0.70, metal 0.60, rings –." in TRUST["trust-answers"](card)
    assert "0.60 (metal) to 0.70 (motion)" in TRUST["trust-estimates"](card)


def test_the_worst_of_the_score_is_named(card: dict[str, Any]) -> None:
    card["checks"]["coverage_by_group"] = {
        "kernel": {"n": 40, "covered": 0.8},
        "chest": {"n": 50, "covered": 0.95},
    }
    card["checks"]["filters"] = {
        "all": {"harmful": 30, "rewarded": 0.1},
        "JPEG": {"rewarded": 0.3},
        "median": {"rewarded": 0.0},
    }
    made = TRUST["trust-score"](card)
    assert "least for kernel (80.0 % of 40), most for chest (95.0 % of 50)" in made
    assert (
        "10.0 % score higher by more than 0.1; most often with the filter *JPEG* (30.0 %)" in made
    )


def test_errors_of_physics_are_those_of_its_page() -> None:
    """Otherwise: copy them from the table that python -m tools.validate_physics writes."""
    page = (ROOT / "docs" / "physics.md").read_text(encoding="utf-8")
    validation = page.partition("python -m tools.validate_physics -->")[2].partition("<!--")[0]
    largest = {line.split("|")[5].strip() for line in validation.splitlines() if "|" in line}
    measured = TEXT.partition("### Measured in the image")[2].partition("###")[0]
    rows = [line.split("|") for line in measured.splitlines() if line.startswith("| **")]
    errors = {number for row in rows for number in re.findall(r"\d+\.\d+", row[4])}
    assert len(errors) > 8
    assert errors <= largest
