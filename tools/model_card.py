"""Write ``docs/model-card.md`` from the card of the shipped model.

    python -m tools.model_card            writes the page
    python -m tools.model_card --check    reports whether the page is out of date

Every number on the page comes from the card, which ``ctiqa export`` writes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.blocks import write_or_check

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.score.report.model_facts import (
    agreement_basis,
    agreement_rows,
    model_rows,
    trained_on,
)
from ctiqa.weights import load_model

PAGE = Path(__file__).parents[1] / "docs" / "model-card.md"
BARS = " ▁▂▃▄▅▆▇█"

Card = Mapping[str, Any]


def page(card: Card) -> str:
    """The complete page as Markdown."""
    left_out = {"Trained on", "Not trained on"}
    rows = [(k, v) for k, v in model_rows(card) if k not in left_out]
    parts = [
        f"# Model card: {card['name']}",
        "Written by `python -m tools.model_card` from the card in the package (`ctiqa info`), "
        "which `make weights` makes.",
        "> Research use only; not a medical device.",
        _table(("", ""), rows),
        "## Trained on",
        _table(
            ("source", "licence", "patients", "slices"),
            [
                tuple(str(s[k]) for k in ("source", "licence", "patients", "slices"))
                for s in card["data"]
            ],
        ),
        f"{card['training']['examples']} training samples, degraded slices of "
        f"{trained_on(card['training'])}: {card['training']['degradations']}. "
        "Attributions are in [NOTICE](../NOTICE).",
        "## Not trained on",
        "\n".join(f"- {each}" for each in card["not_trained_on"]),
        "## Agreement on held-out patients",
        f"Simulated labels, {agreement_basis(card)}; 95 % confidence intervals (CI) from "
        "bootstrapping patients.",
        _table(("metric", "value"), agreement_rows(card)),
        "Slices with reduced dose and number of views only, as in earlier work "
        f"({agreement_basis({'agreement': card['checks']['dose_and_views']})}):",
        _table(
            ("metric", "value"),
            agreement_rows({"agreement": card["checks"]["dose_and_views"]}),
        ),
        *_checks(card["checks"]),
        *_filters(card["checks"].get("filters", {})),
        *_answers(card["checks"].get("answers", {}), card["checks"].get("map", {})),
    ]
    return "\n\n".join(parts) + "\n"


def _checks(checks: Card) -> list[str]:
    order = checks["dose_order"]
    return [
        "## Checks on the same patients",
        _table(
            ("check", "result"),
            [
                (
                    "labels inside the 90 % interval",
                    f"{checks['interval_coverage']:.1%}",
                ),
                *(
                    (f"the same: {name} ({each['n']})", f"{each['covered']:.1%}")
                    for name, each in checks.get("coverage_by_group", {}).items()
                ),
                *(
                    [
                        (
                            "equivalent noises inside their 90 % interval",
                            f"{checks['noise_interval_coverage']:.1%}",
                        )
                    ]
                    if "noise_interval_coverage" in checks
                    else []
                ),
                (
                    f"score never rises by more than {order['tolerance']} as the dose falls "
                    f"through seven steps ({order['n_slices']} slices)",
                    f"{order['slices']:.1%} of slices",
                ),
                (
                    "the same for pairs of doses at least 25 % apart",
                    f"{order['pairs']:.1%} of pairs",
                ),
                (
                    "a sharper kernel does not score higher",
                    f"{checks['sharper_order']:.1%} of slices",
                ),
                *(
                    (
                        f"score changes by at most 0.1: {name}",
                        f"{each['within_0.1']:.1%} of slices, largest {each['largest']:.2f}",
                    )
                    for name, each in checks["steadiness"].items()
                ),
            ],
        ),
        "## By body region",
        "Histograms in eight steps of half a grade, from 0 to 4.",
        _table(
            ("region", "slices", "patients", "error", "bias", "scores", "labels"),
            [
                (
                    name,
                    str(r["n"]),
                    str(r["patients"]),
                    f"{r['mae']:.2f}",
                    f"{r['bias']:+.2f}",
                    _histogram(r["scores"]),
                    _histogram(r["labels"]),
                )
                for name, r in checks["regions"].items()
            ],
        ),
    ]


def _filters(filters: Card) -> list[str]:
    """Responses to filters; nothing for a model that was not tried on any."""
    if not filters:
        return []
    head = (
        "filter",
        "images",
        "do harm",
        "of these rewarded",
        "label falls",
        "score does not rise",
        "rank correlation of gains",
    )
    rows = [
        (
            name,
            str(each["pairs"]),
            str(each["harmful"]),
            f"{each['rewarded']:.1%}",
            str(each["steps"]),
            f"{each['falling']:.1%}",
            "–" if each["rank_correlation"] is None else f"{each['rank_correlation']:.2f}",
        )
        for name, each in filters.items()
    ]
    return [
        "## Filters",
        "Every filter at every strength against the unfiltered slice. A filter does harm where "
        "both RMSE and gradient similarity to the clean original get worse, or where it blurs by 3 "
        "pixels and more; it is rewarded where the score rises by more than 0.1 all the same. "
        "The label falls from one strength to the next where fidelity is lost.",
        _table(head, rows),
    ]


def _answers(answers: Card, pointed: Card) -> list[str]:
    """Accuracy of the other answers; nothing for a model that gives scores alone."""
    if not answers:
        return []
    judged = answers["judged"]
    noise = [
        (name, str(each["n"]), f"{each['median_error']:.1%}", f"{each['srocc']:.3f}")
        for name, each in answers["equivalent_noise"].items()
    ]
    findings = [
        (name, "too few" if auc is None else f"{auc:.2f}")
        for name, auc in answers["findings_auc"].items()
    ]
    regions = [
        (name, str(each["n"]), f"{each['right']:.1%}") for name, each in answers["regions"].items()
    ]
    maps = [(name, str(each["n"]), f"{each['pointed']:.1%}") for name, each in pointed.items()]
    return [
        "## Other answers",
        f"The model scores {judged['n']} of {judged['of']} test slices and abstains from the "
        f"others because of the region it sees: from {answers['should_abstain']['abstained']:.1%} "
        f"of the {answers['should_abstain']['n']} that show a region it is not meant to score "
        f"(head, limb, phantom), and from {answers['should_score']['abstained']:.1%} of the "
        f"{answers['should_score']['n']} others. The answers below are over all of them; agreement "
        "above is over the scored slices of patients.",
        _table(("equivalent noise", "slices", "median relative error", "SROCC"), noise),
        _table(("finding", "area under the ROC curve"), findings),
        _table(("shown", "slices", "region right"), regions),
        "The map of local noise points to a disc that was degraded:",
        _table(("what was added", "slices", "pointed to"), maps),
    ]


def _histogram(counts: list[int]) -> str:
    top = max(counts) or 1
    bars = "".join(BARS[-(-c * (len(BARS) - 1) // top)] for c in counts)
    return f"`{bars}` {' '.join(map(str, counts))}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def main() -> int:
    """Write the page, or check it."""
    card = load_model(DEFAULT_MODEL).facts
    return write_or_check([PAGE], lambda _: page(card), __doc__)


if __name__ == "__main__":
    sys.exit(main())
