"""The summary of a scan in words: what terminal and page both say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from ctiqa.score.honesty.flags import CONTRADICTION, FILTERED
from ctiqa.score.report.answers import format_noise
from ctiqa.score.report.facts import (
    SHARP_KERNEL_NOTE,
    Range,
    format_interval,
    format_range,
    format_score,
    number_range,
    texts,
)
from ctiqa.score.report.measures import GAP, measures_text, missing_text
from ctiqa.score.verdict import ABSTENTIONS, has_sharp_kernel, why_unscored
from ctiqa.text.plain_text import clean
from ctiqa.types import SCORE_RANGE, ScanScore, SliceScore

TOP = "top of the scale"
"""Added to a score that cannot be higher; only the equivalent noise tells such scans apart."""

UNREGIONED = "region"
"""Flag of a slice whose region is not scored; what it shows says more than the flag."""

DOUBTS = {
    FILTERED: "smoother than its noise allows, as after a filter: the score may be too high",
    CONTRADICTION: "the score contradicts the measured noise",
}
"""Flags of a scan that put its score in doubt, in words."""

QUALITY = "Quality"
"""Label of the row with the score."""

Row = tuple[str, str]
"""Label and text."""


def heading(scan: ScanScore) -> str:
    """Region, scanner, kernel with slice thickness, and tube voltage, as far as known."""
    headers = scan.scan.headers
    makers, models = texts(headers, "manufacturer"), texts(headers, "model")
    scanner = " ".join([*makers, *models])
    thickness = number_range(headers, "slice_thickness_mm")
    kernel = " ".join([*texts(headers, "kernel"), *_in(thickness, "mm")])
    parts = [_region(scan), scanner, kernel, *_in(number_range(headers, "kvp"), "kVp")]
    return " · ".join(part for part in parts if part)


def summary_rows(scan: ScanScore) -> list[Row]:
    """What to know of a scan, as (label, text); rows that have nothing to say are left out.

    Quality and reserve come first, then what was measured and why the rest was not, how many
    slices were judged and why the others were not, and what to look at.
    """
    rows = [
        (QUALITY, quality(scan)),
        ("Reserve", reserve(scan)),
        ("Noise", measures_text(scan)),
        ("Missing", missing_text(scan)),
        ("Judged", judged(scan)),
        ("Check", check(scan)),
    ]
    return [(label, text) for label, text in rows if text]


def quality(scan: ScanScore) -> str:
    """Score with its word and interval, and the equivalent noise with its interval."""
    score = format_score(scan)
    if scan.score == SCORE_RANGE[1] and not has_sharp_kernel(scan):
        score = f"{score} ({TOP})"
    noise = format_noise(scan)
    parts = [
        score,
        f"90 % interval {format_interval(scan.interval)}" if scan.interval else "",
        f"equivalent noise {noise}{_bracketed(scan.equivalent_noise_interval)}" if noise else "",
    ]
    return GAP.join(part for part in parts if part)


def reserve(scan: ScanScore) -> str:
    """What is left of the image if dose is saved; empty if it is unknown.

    A sharp kernel has no word, so that "good" would say nothing.
    """
    needed = scan.dose_reserve
    if needed is None or has_sharp_kernel(scan):
        return ""
    interval = _percents(scan.dose_reserve_interval)
    if math.isinf(needed):
        return 'no dose would make it "good": what is wrong with it is not noise'
    if needed > 1:
        return f'"good" needs {_percent(needed)} of this dose{interval}'
    return f'stays "good" down to {_percent(needed)} of this dose{interval}'


def judged(scan: ScanScore) -> str:
    """How many slices the score is the mean of, what they show, and why others are left out."""
    scored = [each for each in scan.slices if each.score is not None]
    left_out = [each for each in scan.slices if each.score is None]
    seen = _counted(each.region for each in scored if each.region is not None)
    text = f"{len(scored)} of {len(scan.slices)} slices" + (f" ({seen})" if seen else "")
    return text + (f"; not judged: {_counted(map(_why, left_out))}" if left_out else "")


def check(scan: ScanScore) -> str:
    """What is wrong with slices, or remarkable, and where; most frequent first."""
    counts = Counter(finding for each in scan.slices for finding in each.findings)
    found = [
        f"{clean(finding)} in {count} slice{'' if count == 1 else 's'}{_where(scan, finding)}"
        for finding, count in counts.most_common()
    ]
    return ", ".join([*found, *(text for flag, text in DOUBTS.items() if flag in scan.flags)])


def plain_words(scan: ScanScore) -> str:
    """One sentence for a reader who is no physicist; empty if there is no score."""
    if scan.score is None:
        return "The tool does not score this scan."
    if has_sharp_kernel(scan):
        return f"Reconstructed with a {SHARP_KERNEL_NOTE}."
    needed = scan.dose_reserve
    if needed is None or math.isinf(needed):
        return ""
    if needed > 1:
        return "The images are noisier than good images are."
    if needed < 1:
        return (
            "By this estimate, the images would still be good with "
            f"{_percent(needed)} of the dose, all else being equal."
        )
    return ""


def _region(scan: ScanScore) -> str:
    """What most scored slices show, or the body part that the file states."""
    seen = Counter(each.region for each in scan.slices if each.score is not None and each.region)
    if seen:
        return clean(seen.most_common(1)[0][0]).capitalize()
    return ", ".join(texts(scan.scan.headers, "body_part")).capitalize()


def _why(verdict: SliceScore) -> str:
    """Why a slice has no score, in few words."""
    if UNREGIONED in verdict.flags and verdict.region is not None:
        return verdict.region
    flag = why_unscored(verdict)
    return ABSTENTIONS[flag] if flag else "not scored"


def _counted(names: Iterable[str]) -> str:
    """Names with how often they occur, most frequent first."""
    return ", ".join(f"{count} {clean(name)}" for name, count in Counter(names).most_common())


def _where(scan: ScanScore, finding: str) -> str:
    """The z range of a finding, if it is known and not of the whole scan."""
    found = [each for each in scan.slices if finding in each.findings]
    places = [each.header.z_mm for each in found]
    known = [place for place in places if place is not None]
    if len(known) < len(found) or len(found) == len(scan.slices):
        return ""
    return (
        f", z {min(known):.0f} mm"
        if len(known) == 1
        else (f", z {min(known):.0f} to {max(known):.0f} mm")
    )


def _in(values: Range | None, unit: str) -> list[str]:
    return [] if values is None else [f"{format_range(values)} {unit}"]


def _bracketed(interval: Range | None) -> str:
    return "" if interval is None else f" ({interval[0]:.1f}–{interval[1]:.1f})"


def _percent(share: float) -> str:
    """A share in percent, with two significant digits."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def _percents(interval: Range | None) -> str:
    if interval is None:
        return ""
    low, high = interval
    if math.isinf(high):
        return f" (from {_percent(low)})" if math.isfinite(low) else ""
    return f" ({_percent(low).removesuffix(' %')}–{_percent(high)})"
