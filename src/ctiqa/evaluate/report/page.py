"""The evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from ctiqa.evaluate.answers.answered import JUDGED
from ctiqa.evaluate.evaluation import PARTS, Evaluation, ModelEvaluation
from ctiqa.evaluate.monotonicity import MOST_RISE
from ctiqa.evaluate.pages import html_page as page
from ctiqa.evaluate.pages.drawing import inline_svg
from ctiqa.evaluate.report import charts
from ctiqa.evaluate.robustness.report import GROUPS, STILL
from ctiqa.evaluate.statistics import STATISTICS, MetricEstimate
from ctiqa.metrics.agreement.bootstrap import LEVEL, RESAMPLES
from ctiqa.metrics.agreement.intervals import COMPARED

AIMS = {
    "invariance": "Invariance: same quality, the score must not change",
    "stability": "Stability: same slice, other sampling, the score should hardly change",
    "response": "Response: other quality, how the score changes",
}
"""Headings of the tables of perturbations."""


@dataclass(frozen=True, eq=False)
class View:
    """One model as the page shows it.

    Attributes:
        number: 1 for the first model.
        model: Its results.
        scatter: Chart of score against label.
        bland_altman: Chart of differences against means.
        limits: Bias and limits of agreement as text.
        following: Score against dose and views.
        pictures: Largest errors with their pictures, by direction.
    """

    number: int
    model: ModelEvaluation
    scatter: Markup
    bland_altman: Markup
    limits: Mapping[str, str]
    following: tuple[charts.Following, ...]
    pictures: Mapping[str, list[tuple[charts.Disagreement, str]]]


def evaluation_page(evaluation: Evaluation, command: str, created: datetime) -> bytes:
    """The page.

    Args:
        evaluation: The evaluation.
        command: Command that was run.
        created: Time of the evaluation.
    """
    views = [_view(n, each, evaluation) for n, each in enumerate(evaluation.models, start=1)]
    return page.render_page(
        "evaluation.html.j2",
        _FILTERS,
        aims=AIMS,
        command=command,
        compared=COMPARED,
        created=created,
        evaluation=evaluation,
        groups=GROUPS,
        labelled=evaluation.labelled,
        level=f"{100 * LEVEL:.0f} %",
        measures=STATISTICS,
        parts={**PARTS, JUDGED: "Judged by the model"},
        resamples=RESAMPLES,
        still=STILL,
        rise=MOST_RISE,
        titles={measure.name: measure.title for measure in STATISTICS},
        views=views,
    ).encode("utf-8", "replace")


def _view(number: int, model: ModelEvaluation, evaluation: Evaluation) -> View:
    folder = evaluation.labelled.examples.folder
    worst = {
        "Scored too high": charts.disagreements(model.main, above=True),
        "Scored too low": charts.disagreements(model.main, above=False),
    }
    limits = {
        name: charts.signed(value) for name, value in charts.limits_of_agreement(model.main).items()
    }
    return View(
        number=number,
        model=model,
        scatter=inline_svg(
            charts.scatter(model.main),
            f"scatter-{number}",
            "Score against label",
            f"{len(model.main)} examples; PLCC {number_text(model.given['plcc'].value)}. "
            "The line is where score and label are equal.",
        ),
        bland_altman=inline_svg(
            charts.bland_altman(model.main),
            f"bland-altman-{number}",
            "Score − label against their mean",
            ", ".join(f"{name} {value}" for name, value in limits.items()) + ".",
        ),
        limits=limits,
        following=charts.following(model.scored),
        pictures={
            direction: [(each, page.pictured(folder, each.row)) for each in found]
            for direction, found in worst.items()
        },
    )


def number_text(value: float) -> str:
    """A number with three decimals and a true minus sign.

    >>> number_text(-0.0312), number_text(-0.0001)
    ('−0.031', '0.000')
    """
    text = f"{value:.3f}"
    return text.lstrip("-") if not float(text) else text.replace("-", "−")


def interval(estimate: MetricEstimate) -> str:
    """An interval, or a dash without one.

    >>> interval(MetricEstimate(0.5, (-0.25, 1.0))), interval(MetricEstimate(0.5, None))
    ('−0.250 to 1.000', '–')
    """
    return " to ".join(map(number_text, estimate.interval)) if estimate.interval else "–"


def percent(share: float) -> str:
    """A share in per cent; only 1 is shown as 100 %.

    >>> percent(0.9996), percent(1.0), percent(0.256)
    ('99.9 %', '100 %', '25.6 %')
    """
    if share in {0.0, 1.0}:
        return f"{100 * share:.0f} %"
    return f"{min(max(100 * share, 0.1), 99.9):.1f} %"


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "across": charts.within_scale,
    "along_change": charts.along_change,
    "change_span": charts.change_span,
    "interval": interval,
    "number": number_text,
    "percent": percent,
    "signed": charts.signed,
}
