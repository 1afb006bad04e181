"""Facts of a model card, as shown on the terminal and in reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Card = Mapping[str, Any]

_MEASURES = (
    ("overall", "Overall (|PLCC| + |SROCC| + |KROCC|)"),
    ("plcc", "Pearson (PLCC)"),
    ("srocc", "Spearman (SROCC)"),
    ("krocc", "Kendall (KROCC)"),
    ("mae", "Mean absolute error"),
)
"""Agreement metrics that a card may contain, in the order shown."""


def agreement_rows(card: Card) -> list[tuple[str, str]]:
    """Measured agreement with the labels of held-out patients, as (metric, value).

    >>> agreement_rows({"agreement": {"plcc": {"value": 0.981, "interval": [0.97, 0.99]}}})
    [('Pearson (PLCC)', '0.981 (95 % CI 0.970–0.990)')]
    """
    measured = card.get("agreement", {})
    return [(label, _measure(measured[name])) for name, label in _MEASURES if name in measured]


def agreement_basis(card: Card) -> str:
    """Number of slices and patients on which agreement was measured.

    >>> agreement_basis({"agreement": {"n": 900, "patients": 18}})
    '900 slices of 18 patients'
    """
    measured = card.get("agreement", {})
    counts = [f"{measured['n']} slices"] if "n" in measured else []
    counts += [f"{measured['patients']} patients"] if "patients" in measured else []
    return " of ".join(counts)


def trained_on(training: Mapping[str, Any]) -> str:
    """Number of patients, and of drawn objects if there are any, that a model was trained on.

    >>> trained_on({"patients": 41}), trained_on({"patients": 56, "drawn": 28})
    ('41 patients', '56 patients and 28 drawn phantoms and limbs')
    """
    patients = f"{training['patients']} patients"
    drawn = training.get("drawn", 0)
    return f"{patients} and {drawn} drawn phantoms and limbs" if drawn else patients


def answers_text(card: Card) -> str:
    """What a model answers, and which regions it scores.

    >>> answers_text({"name": "old"})
    'score alone'
    >>> answers_text({"answers": {"judged": ["chest", "neck"], "findings": ["metal"]}})
    'score (chest, neck), equivalent noise, findings (metal), region'
    """
    answers = card.get("answers") or {}
    if not answers:
        return "score alone"
    judged, findings = (", ".join(answers.get(name, ())) for name in ("judged", "findings"))
    return f"score ({judged}), equivalent noise, findings ({findings}), region"


def model_title(card: Card) -> str:
    """Name and version of a model, and the calibration of its scores if there is one.

    >>> calibration = {"name": "own", "sha256": "e3b0c442"}
    >>> model_title({"name": "m", "version": 1, "calibration": calibration})
    'm 1 calibrated by own (sha256 e3b0c442)'
    """
    title = f"{card.get('name')} {card.get('version')}"
    if not (calibration := card.get("calibration")):
        return title
    return f"{title} calibrated by {calibration['name']} (sha256 {calibration['sha256'][:12]})"


def calibration_text(card: Card) -> str:
    """The calibration of a model's scores; empty if there is none.

    >>> calibration = {"name": "own", "sha256": "e3b0", "cases": 24, "readers": 1}
    >>> calibration_text({"calibration": calibration})
    'own: scores are mapped to 1 local reader, by 24 cases (sha256 e3b0)'
    """
    if not (made := card.get("calibration")):
        return ""
    readers = f"{made['readers']} local reader{'' if made['readers'] == 1 else 's'}"
    return (
        f"{made['name']}: scores are mapped to {readers}, by {made['cases']} cases "
        f"(sha256 {made['sha256']})"
    )


def model_rows(card: Card) -> list[tuple[str, str]]:
    """Facts of a model as (label, text); entries missing in the card are omitted."""
    matrix = " to ".join(str(side) for side in card.get("input", {}).get("matrix", ()))
    interval = card.get("interval", {})
    rows = [
        ("Model", f"{card.get('name', '')} {card.get('version', '')}".strip()),
        ("Calibration", calibration_text(card)),
        ("Title", card.get("title", "")),
        ("Made", card.get("created", "")),
        ("Licence", card.get("licence", "")),
        ("Answers", answers_text(card)),
        ("Score means", card.get("output", {}).get("meaning", "")),
        ("Label", card.get("label", "")),
        ("Matrix", f"{matrix} pixels a side" if matrix else ""),
        ("Windows", ", ".join(str(each) for each in card.get("input", {}).get("windows", ()))),
        ("Interval", f"{interval['level']:.0%} prediction interval" if interval else ""),
        ("Trained on", "; ".join(_source(each) for each in card.get("data", ()))),
        ("Not trained on", "; ".join(card.get("not_trained_on", ()))),
        ("Citation", card.get("citation", "")),
        ("sha256", card.get("sha256", "")),
    ]
    return [(label, str(text)) for label, text in rows if text]


def _measure(entry: float | Mapping[str, Any]) -> str:
    if not isinstance(entry, Mapping):
        return f"{entry:.3f}"
    if not entry.get("interval"):
        return f"{entry['value']:.3f}"
    low, high = entry["interval"]
    return f"{entry['value']:.3f} (95 % CI {low:.3f}–{high:.3f})"


def _source(entry: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{entry[name]} {name}" for name in ("patients", "slices") if name in entry)
    inside = "; ".join(text for text in (counts, str(entry.get("licence", ""))) if text)
    return f"{entry.get('source', 'unnamed source')} ({inside})" if inside else str(entry["source"])
