"""Dose curves in words and numbers, as terminal and page print them."""

from __future__ import annotations

import math

from ctiqa.dose_curve.result import DoseCurves, Reserve, SeriesCurve
from ctiqa.score.report.rounding import shown
from ctiqa.text.plain_text import clean

ABSENT = "–"
"""Stands for a value that does not exist."""


def percent(dose: float) -> str:
    """A dose fraction in per cent, with two significant digits below 100 %.

    >>> percent(0.0915), percent(0.25), percent(1.0), percent(1.734)
    ('9.2 %', '25 %', '100 %', '173 %')
    """
    return f"{100 * dose:.2g} %" if dose < 0.995 else f"{100 * dose:.0f} %"


def score_text(score: float) -> str:
    """A score with one decimal; a dash if there is none."""
    return ABSENT if math.isnan(score) else shown(score)


def noise_text(noise_hu: float) -> str:
    """Equivalent noise in HU; a dash if there is none."""
    return ABSENT if math.isnan(noise_hu) else f"{noise_hu:.1f} HU"


def band_text(low: float, high: float) -> str:
    """An interval of scores."""
    return ABSENT if math.isnan(low + high) else f"{low:.1f}–{high:.1f}"


def range_text(reserve: Reserve, lowest: float | None) -> str:
    """The interval of a reserve; its ends are open where nothing was simulated.

    Args:
        reserve: The reserve.
        lowest: Lowest simulated dose; ``None`` for the quick estimate, which has no such end.

    >>> range_text(Reserve(0.1, (0.08, 0.12)), 0.03), range_text(Reserve(0.0, (0.0, 0.05)), 0.03)
    ('8–12 %', 'below 3 % to 5 %')
    """
    low, high = reserve.interval
    ends = [dose_text(each, lowest) for each in (low, high)]
    if low > 0 and math.isfinite(high):
        return f"{ends[0].removesuffix(' %')}–{ends[1]}"
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def dose_text(dose: float, lowest: float | None) -> str:
    """A dose, or on which side of all simulated ones it lies.

    >>> dose_text(0.0, 0.03), dose_text(0.2, 0.03), dose_text(math.inf, 0.03)
    ('below 3 %', '20 %', 'above 100 %')
    >>> dose_text(math.inf, None)
    'no dose'
    """
    if lowest is None:
        return "no dose" if math.isinf(dose) else percent(dose)
    if dose == 0:
        return f"below {percent(lowest)}"
    return "above 100 %" if math.isinf(dose) else percent(dose)


def reserve_sentence(series: SeriesCurve, curves: DoseCurves) -> str:
    """The dose reserve of a series by simulation, in one sentence."""
    target, lowest = f"{curves.plan.target:g}", curves.lowest
    found = series.reserve
    if math.isinf(found.dose):
        return f"the score is below {target} already at this dose; more dose cannot be simulated"
    if found.dose == 0:
        return f"the score stays at {target} or above down to {percent(lowest)} of this dose"
    interval = range_text(found, lowest)
    return (
        f"the score falls to {target} at {percent(found.dose)} of this dose "
        f"(90 % interval {interval})"
    )


def quick_sentence(series: SeriesCurve, curves: DoseCurves) -> str:
    """The quick estimate of the dose reserve, and how well both agree."""
    quick = series.quick_reserve
    agreeing, count = series.agreeing(curves.lowest), len(series.slices)
    both = (
        f"it agrees with the simulation in {agreeing} of {count} slice{'' if count == 1 else 's'}"
    )
    if math.isinf(quick.dose):
        return f"quick estimate: no dose would reach {curves.plan.target:g}; {both}"
    return f"quick estimate: {percent(quick.dose)} ({range_text(quick, None)}); {both}"


def about(series: SeriesCurve, curves: DoseCurves) -> str:
    """How many slices and draws a curve rests on."""
    count, draws = len(series.slices), curves.plan.draws
    return (
        f"{count} slice{'' if count == 1 else 's'}, {draws} draw{'' if draws == 1 else 's'} of the "
        "noise each"
    )


def model_text(curves: DoseCurves) -> str:
    """Name and version of the model."""
    return f"{clean(str(curves.model['name']))} {clean(str(curves.model['version']))}"
