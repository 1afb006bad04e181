"""The overview of all that the network estimates."""

from __future__ import annotations

from tools.trust.numbers import Card, estimate, extremes, percent, tested

from ctiqa.cards import NoiseRule


def estimates(card: Card) -> str:
    """Overview of all that the network estimates, with its error on held-out patients."""
    checks, answers = card["checks"], card["checks"]["answers"]
    noise, regions = answers["equivalent_noise"], answers["regions"]["all"]
    name, lowest, highest = "**{}**".format, *extremes(answers["findings_auc"])
    rows = [
        (f"estimated by `{card['name']}`", "means", "tested on", "typical error", "not valid for"),
        ("---",) * 5,
        (
            f"{name('score')}, 0 to 4",
            "computed label on the scale of radiologists: fidelity to a clean original",
            tested(card["agreement"]),
            f"mean error {estimate(card['agreement']['mae'])} grades; dose and views alone "
            f"{estimate(checks['dose_and_views']['mae'])}",
            "heads, limbs, phantoms; a diagnostic task; comparing kernels, filters or regions; "
            "differences inside the interval",
        ),
        (
            f"{name('its interval')}",
            f"contains the label of {percent(card['interval']['level'], 0)} of slices",
            tested(card["agreement"]),
            f"contains {percent(checks['interval_coverage'])}",
            "a reader's score; kinds of slices that validation had few of",
        ),
        (
            f"{name('equivalent noise')}, HU",
            "plain noise that would make the slice as bad as it is",
            f"{noise['all']['n']:,} slices",
            f"median {percent(noise['all']['median_error'])}; "
            f"{percent(noise['saturated']['median_error'])} where the score is at its top",
            "ranking clean scans",
        ),
        (name("its interval"), *_noise_interval(card)),
        (
            name("region"),
            "what the slice shows",
            f"{regions['n']:,} slices",
            f"right in {percent(regions['right'])}",
            "labelling anatomy",
        ),
        (
            name("findings"),
            "defects that are more likely than not",
            f"{regions['n']:,} slices",
            f"area under the ROC curve {lowest[1]:.2f} ({lowest[0]}) to {highest[1]:.2f} "
            f"({highest[0]})",
            "ruling a defect out",
        ),
        (
            name("map"),
            "local noise in patches of 32 × 32 pixels",
            f"{checks['map']['noise']['n']} + {checks['map']['stripes']['n']} slices with a "
            "degraded disc",
            f"points to it in {percent(checks['map']['noise']['pointed'])} (noise), "
            f"{percent(checks['map']['stripes']['pointed'])} (stripes)",
            "detail finer than a patch",
        ),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _noise_interval(card: Card) -> tuple[str, str, str, str]:
    """Cells of the interval of the equivalent noise; a card need not have one."""
    rule = card.get("noise_interval")
    if rule is None:
        return ("the true value of a stated share of slices", "–", "the card states none", "–")
    checks = card["checks"]
    return (
        f"contains the true value of {percent(rule['level'], 0)} of slices",
        f"{checks['answers']['judged']['n']:,} slices",
        f"contains {percent(checks['noise_interval_coverage'])}; a factor of "
        f"{NoiseRule(**rule).factor():.2f} or more",
        "errors that a whole scan shares: it is not narrower for a scan",
    )
