"""Passages on the score, the equivalent noise and the other answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from tools.trust.numbers import Card, estimate, extremes, percent, tested
from tools.trust.overview import estimates

from ctiqa.cards import NoiseRule


def score(card: Card) -> str:
    """Agreement of the score, where its interval fails, and how steady it is."""
    return "\n".join(
        f"- {each}"
        for each in (
            *_agreement(card),
            _covered(card["checks"]),
            _steady(card["checks"]["steadiness"].values()),
            *_orders(card["checks"]),
        )
    )


def _agreement(card: Card) -> tuple[str, str]:
    """Agreement with the labels: all degradations, then dose and views."""
    every, simple = card["agreement"], card["checks"]["dose_and_views"]
    texts = [
        f"PLCC {estimate(each['plcc'], 3)}, SROCC {estimate(each['srocc'], 3)}, mean error "
        f"{estimate(each['mae'])} grades"
        for each in (every, simple)
    ]
    return (
        f"`{card['name']}`, {tested(every)}, simulated labels: {texts[0]}.",
        f"Dose and views alone, {tested(simple)}: {texts[1]}.",
    )


def _covered(checks: Card) -> str:
    """Where the interval holds, and where it fails."""
    groups = checks["coverage_by_group"]
    ends = extremes({name: each["covered"] for name, each in groups.items()})
    low, high = (f"{name} ({percent(part)} of {groups[name]['n']})" for name, part in ends)
    return (
        f"The 90 % interval contains {percent(checks['interval_coverage'])} of the labels; least "
        f"for {low}, most for {high}."
    )


def _steady(moved: Collection[Card]) -> str:
    """How much moving the pixels changes the score."""
    within, largest = min(each["within_0.1"] for each in moved), max(e["largest"] for e in moved)
    return (
        f"Each flip, quarter turn and shift changes it by at most 0.1 in at least "
        f"{percent(within)} of slices; the largest change is {largest:.1f} grades."
    )


def _orders(checks: Card) -> tuple[str, ...]:
    """Whether the score follows dose and filters."""
    order, filters = checks["dose_order"], checks["filters"]
    families = {name: each["rewarded"] for name, each in filters.items() if name != "all"}
    _, worst = extremes(families)
    return (
        f"Of two doses at least 25 % apart the lower one scores no higher in "
        f"{percent(order['pairs'])} of pairs ({order['n_slices']} slices).",
        f"Of {filters['all']['harmful']} filtered images that are worse than the unfiltered one, "
        f"{percent(filters['all']['rewarded'])} score higher by more than 0.1; most often with "
        f"the filter *{worst[0]}* ({percent(worst[1])}).",
    )


def noise(card: Card) -> str:
    """Error of the equivalent noise, and its interval."""
    found = card["checks"]["answers"]["equivalent_noise"]
    names = {
        "all": "all",
        "dose and views": "dose and views alone",
        "not saturated": "label below 4",
        "saturated": "label 4, the top of the scale",
    }
    rows = [
        f"| {names[key]} | {each['n']:,} | {percent(each['median_error'])} | {each['srocc']:.2f} |"
        for key, each in found.items()
    ]
    head = f"| `{card['name']}` | slices | median error | rank correlation |"
    return "\n".join((head, "|---|---|---|---|", *rows, "", _factors(card)))


def _factors(card: Card) -> str:
    rule = card.get("noise_interval")
    if rule is None:
        return "The card of this model states no interval, so none is printed."
    least = NoiseRule(**rule).factor()
    covered = card["checks"]["noise_interval_coverage"]
    return (
        "The interval is the estimate divided and multiplied by a factor that grows with the "
        "disagreement of the ensemble outputs, chosen so that it contains "
        f"{percent(rule['level'], 0)} of the validation slices. It is {least:.2f} at least, and "
        f"the interval contains {percent(covered)} of the test slices."
    )


def answers(card: Card) -> str:
    """Regions, abstention, findings and map."""
    found = card["checks"]["answers"]
    right = {k: each["right"] for k, each in found["regions"].items() if k != "all"}
    worst, _ = extremes(right)
    refused, kept = found["should_abstain"], found["should_score"]
    ranked = sorted(found["findings_auc"].items(), key=lambda each: each[1] or 0, reverse=True)
    listed = ", ".join(f"{name} {'–' if auc is None else f'{auc:.2f}'}" for name, auc in ranked)
    return "\n".join(
        (
            f"- `{card['name']}` names the region correctly in "
            f"{percent(found['regions']['all']['right'])} of {found['regions']['all']['n']:,} "
            f"slices; worst: {worst[0]}, {percent(worst[1])} of "
            f"{found['regions'][worst[0]]['n']}.",
            f"- It abstains from {percent(refused['abstained'])} of {refused['n']} slices that it "
            "is not meant to score (head, limb, phantom), and wrongly from "
            f"{percent(kept['abstained'])} of {kept['n']:,} others.",
            "- Area under the ROC curve of the findings (1 is perfect, 0.5 is guessing), slices of "
            f"patients and drawn objects: {listed}.",
            *_pointing(card["checks"]["map"]),
        )
    )


def _pointing(checks: Card) -> list[str]:
    """How often the map points to what was added in a disc."""
    return [
        f"- The worst patch of the map touches a disc with added {name} in "
        f"{percent(each['pointed'])} of {each['n']} slices."
        for name, each in checks.items()
    ]


TRUST: Mapping[str, Callable[[Card], str]] = {
    "trust-estimates": estimates,
    "trust-score": score,
    "trust-noise": noise,
    "trust-answers": answers,
}
"""The passages by name."""
