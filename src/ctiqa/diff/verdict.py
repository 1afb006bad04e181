"""The verdict on two scans in words: only what is shown, and never two bare means.

A difference is claimed if its 95 % interval excludes zero and it reaches the accuracy of its
measure. Otherwise no difference can be shown, which is not the same as equality.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ctiqa.diff.differences import Difference
from ctiqa.diff.kinds import Kinds
from ctiqa.diff.measures import percent, shown_percent, shown_value
from ctiqa.diff.wording import amount, moved, share
from ctiqa.score.report.sentences import TOP

Differences = Mapping[str, Difference]
"""Differences by key of the measure."""

TOP_SCORE = 3.95
"""Scores from here on are at the top of the scale."""


class Code(StrEnum):
    """Code of a verdict, on noise and sharpness. The codes never change meaning."""

    IDENTICAL = "identical"
    SMOOTHER = "smoother_not_better"
    SHARPER_NOISIER = "sharper_and_noisier"
    BETTER = "less_noise_and_sharper"
    WORSE = "more_noise_and_less_sharp"
    LESS_NOISE = "less_noise"
    MORE_NOISE = "more_noise"
    SHARPER = "sharper"
    LESS_SHARP = "less_sharp"
    OTHER_TEXTURE = "other_texture"
    NO_DIFFERENCE = "no_difference"
    TOO_FEW = "too_few"


CODES = {
    (-1, -1): Code.SMOOTHER,
    (-1, 0): Code.LESS_NOISE,
    (-1, 1): Code.BETTER,
    (0, -1): Code.LESS_SHARP,
    (0, 0): Code.NO_DIFFERENCE,
    (0, 1): Code.SHARPER,
    (1, -1): Code.WORSE,
    (1, 0): Code.MORE_NOISE,
    (1, 1): Code.SHARPER_NOISIER,
}
"""Verdicts by the signs of noise and sharpness."""

ENDINGS = {
    Code.SMOOTHER: ": smoother, not better",
    Code.SHARPER_NOISIER: ": sharper and noisier, not better",
    Code.BETTER: ": better in both",
    Code.WORSE: ": worse in both",
}
"""What follows from two differences."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on two scans.

    Attributes:
        code: Its code.
        sentences: The verdict in words: noise, sharpness and texture first, then score and dose.
    """

    code: Code
    sentences: tuple[str, ...]


def judge(found: Differences, kinds: Kinds, *, identical: bool = False) -> Verdict:
    """The verdict on two scans.

    Args:
        found: Differences of all measures, by key.
        kinds: How the scans differ in kind.
        identical: Whether all slices that are compared have the same pixels.
    """
    if identical:
        return Verdict(
            Code.IDENTICAL,
            ("The slices are identical: every measured difference is exactly zero.",),
        )
    noise, sharp = noise_of(found), found["f50_per_mm"]
    if all(each.low is None for each in (noise, sharp, found["score"])):
        sentence = f"No difference can be shown: {noise.why}."
        return Verdict(Code.TOO_FEW, (sentence, *_dose(found)))
    code = _code(noise.sign, sharp.sign, found["noise_mean_per_mm"].sign)
    sentences = (
        *_claims(found, noise, sharp, ENDINGS.get(code, "")),
        *_not_shown(noise, sharp),
        *_score(found, kinds),
        *_dose(found),
        *_efficiency(found, kinds),
    )
    return Verdict(code, sentences)


def noise_of(found: Differences) -> Difference:
    """The difference of noise that the verdict uses: quantum noise, else the noise level."""
    quantum = found["quantum_noise_hu"]
    return found["noise_hu"] if quantum.low is None else quantum


def _code(noise: int, sharp: int, texture: int) -> Code:
    """The code for the signs of noise, sharpness and noise texture."""
    code = CODES[noise, sharp]
    if code is Code.LESS_NOISE and texture < 0:
        return Code.SMOOTHER
    return Code.OTHER_TEXTURE if code is Code.NO_DIFFERENCE and texture else code


def _claims(found: Differences, noise: Difference, sharp: Difference, ending: str) -> Iterator[str]:
    """What is shown of noise, sharpness and texture, and what follows from it."""
    texture = found["noise_mean_per_mm"]
    parts = [
        *([f"has {share(noise, 'more noise', 'less noise')}"] if noise.sign else []),
        *([f"is {share(sharp, 'sharper', 'less sharp')}"] if sharp.sign else []),
        *([f"has {_grain(texture)} noise texture {moved(texture)}"] if texture.sign else []),
    ]
    if parts:
        yield f"B {_joined(parts)}{ending}."


def _grain(texture: Difference) -> str:
    return "a finer" if texture.sign > 0 else "a coarser"


def _not_shown(noise: Difference, sharp: Difference) -> Iterator[str]:
    """Which differences are not shown, and which cannot be measured."""
    named = {"noise": noise, "sharpness": sharp}
    open_ = [name for name, each in named.items() if not each.sign and each.low is not None]
    if open_:
        yield f"No difference in {' or '.join(open_)} can be shown."
    for name, each in named.items():
        if each.low is None:
            yield f"{name.capitalize()} cannot be compared: {each.why}."


def _score(found: Differences, kinds: Kinds) -> Iterator[str]:
    score, noise = found["score"], found["equivalent_noise_hu"]
    if not kinds.scores_comparable or score.a is None or score.b is None:
        return
    if min(score.a, score.b) >= TOP_SCORE:
        yield (
            f"Both score at the {TOP}, where the score cannot tell them apart; "
            f"{_by_equivalent_noise(noise)}."
        )
    elif score.sign:
        yield f"The score of B is {'higher' if score.sign > 0 else 'lower'} by {amount(score)}."
    elif score.low is not None:
        yield "No difference in score can be shown."


def _by_equivalent_noise(noise: Difference) -> str:
    if noise.sign:
        return f"the equivalent noise of B is {share(noise, 'higher', 'lower')}"
    if noise.low is None:
        return f"equivalent noise cannot be compared ({noise.why})"
    return "nor does the equivalent noise show a difference"


def _dose(found: Differences) -> Iterator[str]:
    dose = found["ctdivol_mgy"]
    if dose.a is None or dose.b is None or dose.low is None:
        return
    here, there = (shown_value(each, dose.measure) for each in (dose.a, dose.b))
    if dose.sign:
        yield (
            f"The dose of B is {share(dose, 'higher', 'lower')}: CTDIvol {there} instead of "
            f"{here} mGy."
        )
    elif dose.is_same:
        yield f"The dose is the same: CTDIvol {here} mGy."
    else:
        yield "No difference in dose can be shown."


def _efficiency(found: Differences, kinds: Kinds) -> Iterator[str]:
    """The dose that B needs, where noise is not traded for sharpness."""
    product, traded = found["dose_noise_product"], ("f50_per_mm", "noise_mean_per_mm")
    if not product.sign or any(found[key].sign for key in traded):
        return
    if kinds.other_kernel or kinds.other_thickness:
        return
    needed = [100 + percent(each or 0.0) for each in (product.value, product.low, product.high)]
    low, high = (shown_percent(each) for each in needed[1:])
    yield (
        f"For the same quantum noise, B needs {shown_percent(needed[0])} % of the dose of A "
        f"({low}–{high} %)."
    )


def _joined(parts: list[str]) -> str:
    """Parts of a sentence, joined by commas and ``and``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
