"""Rules for the labels of a data set, and the statistics they are checked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ctiqa.evaluate.dose_relations import Relation
from ctiqa.evaluate.label_audit.groups import Group, Pick
from ctiqa.evaluate.label_audit.parts import LabelPart
from ctiqa.evaluate.monotonicity import MOST_RISE, Monotonicity
from ctiqa.score.verdict import WORDS
from ctiqa.types import SCORE_RANGE

MOST_TIED = 0.20
"""Largest share of labels with the same value."""

MOST_SATURATED = 0.25
"""Largest share of the labels of a region at one end of the scale."""

LEAST_SPREAD = 0.1
"""Smallest standard deviation, in grades, of the labels of a patient."""

FEWEST_PATIENTS = 5
"""Smallest number of patients in a split."""

MOST_MISSING = 0.01
"""Largest share of images without a label."""


@dataclass(frozen=True, slots=True)
class Source:
    """Group of slices with one origin, its name, and licence."""

    licence: str
    group: Group


@dataclass(frozen=True, slots=True)
class Audit:
    """All statistics of the labels of a data set.

    Attributes:
        name: Name of the data set.
        whole: All of it.
        splits: Its splits.
        regions: Its regions.
        cells: Its regions within its splits, by split.
        sources: Sources of its slices.
        relations: Label of the examples against dose and views, by region.
        ladders: Label against dose alone, by region.
        monotonicity: Monotonicity of the labels with the dose.
        parts: The parts of the label.
        level_patients: Patients whose labels hardly vary, with their standard deviation.
        leaks: Patients in two splits, and patients in two folds.
        outside: Number of labels outside the scale.
        picks: Best, median and worst example of every region.
    """

    name: str
    whole: Group
    splits: tuple[Group, ...]
    regions: tuple[Group, ...]
    cells: Mapping[str, tuple[Group, ...]]
    sources: tuple[Source, ...]
    relations: tuple[Relation, ...]
    ladders: tuple[Relation, ...]
    monotonicity: tuple[Monotonicity, ...]
    parts: tuple[LabelPart, ...]
    level_patients: Mapping[str, float]
    leaks: Mapping[str, tuple[str, ...]]
    outside: int
    picks: tuple[Pick, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The whole data set, its splits and its regions."""
        return (self.whole, *self.splits, *self.regions)

    @property
    def warnings(self) -> tuple[BrokenRule, ...]:
        """The rules that the labels break."""
        found = [BrokenRule(rule, tuple(rule.broken(self))) for rule in RULES]
        return tuple(each for each in found if each.values)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for labels, its remedy, and a function that yields violations."""

    text: str
    remedy: str
    broken: Callable[[Audit], Iterator[str]]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A broken rule, and the values that break it."""

    rule: Rule
    values: tuple[str, ...]


def _tied(found: Audit) -> Iterator[str]:
    for each in found.groups:
        if each.ties and each.ties.share > MOST_TIED:
            yield f"{each.name}: {100 * each.ties.share:.1f} % are {each.ties.value:g}"


def _empty(found: Audit) -> Iterator[str]:
    for each in found.groups:
        if lacking := [word for word, n in zip(WORDS, each.grades, strict=True) if not n]:
            yield f"{each.name}: none {', '.join(lacking)}"


def _saturated(found: Audit) -> Iterator[str]:
    for each in found.regions:
        for end, there in zip(SCORE_RANGE, each.at_ends, strict=True):
            if there > MOST_SATURATED:
                yield f"{each.name}: {100 * there:.1f} % at {end:g}"


def _level(found: Audit) -> Iterator[str]:
    for patient, spread in found.level_patients.items():
        yield f"{patient}: SD {spread:.3f}"


def _rising(found: Audit) -> Iterator[str]:
    for order in found.monotonicity:
        if order.risen:
            yield (
                f"{order.name}: {order.risen} of {order.slices} slices, "
                f"by up to {order.violations[0].rise:.2f}"
            )


def _few(found: Audit) -> Iterator[str]:
    for each in found.splits:
        if each.patients < FEWEST_PATIENTS:
            yield f"{each.name}: {each.patients}"


def _degenerate(found: Audit) -> Iterator[str]:
    for part in found.parts:
        if part.missing:
            yield f"{part.name}: {part.missing} not finite"
        elif part.low == part.high:
            yield f"{part.name}: {part.low:g} everywhere"


def _unlabelled(found: Audit) -> Iterator[str]:
    for each in found.groups:
        if each.missing > MOST_MISSING * each.images:
            yield f"{each.name}: {each.missing} of {each.images}"


def _beyond(found: Audit) -> Iterator[str]:
    if found.outside:
        yield f"{found.outside} labels"


def _leaking(found: Audit) -> Iterator[str]:
    for place, patients in found.leaks.items():
        if patients:
            yield f"in more than one {place}: {', '.join(patients)}"


RULES = (
    Rule(
        f"No label is shared by more than {100 * MOST_TIED:g} % of the examples.",
        "Draw fewer degradations beyond the ends of the scale, or score in finer steps.",
        _tied,
    ),
    Rule(
        "Every grade, from bad to excellent, has examples.",
        "Add degradations that reach it, or claim no agreement there.",
        _empty,
    ),
    Rule(
        f"At most {100 * MOST_SATURATED:g} % of a region's labels are at one end of the scale.",
        "Fit the range of doses and views to the region's own noise.",
        _saturated,
    ),
    Rule(
        f"The labels of one patient differ by a standard deviation of at least {LEAST_SPREAD:g}.",
        "Degrade that patient's slices further, or leave the patient out.",
        _level,
    ),
    Rule(
        f"A label rises by no more than {MOST_RISE:g} when only the dose falls.",
        "Check the slices listed below, and their parts; fix or leave out what rises.",
        _rising,
    ),
    Rule(
        f"Every split holds at least {FEWEST_PATIENTS} patients.",
        "Add patients or change the shares; intervals from so few patients are unreliable.",
        _few,
    ),
    Rule(
        "Every part of the label is finite and varies.",
        "Leave the part out of the label, or fix the measure behind it.",
        _degenerate,
    ),
    Rule(
        f"At most {100 * MOST_MISSING:g} % of the images are without a label.",
        "Prepare again, or remove these images from the manifest.",
        _unlabelled,
    ),
    Rule(
        f"Labels lie on the scale from {SCORE_RANGE[0]:g} to {SCORE_RANGE[1]:g}.",
        "Rescale the scores when the data set is made.",
        _beyond,
    ),
    Rule(
        "No patient is in two splits or in two folds.",
        "Split by patient; until then all agreement metrics are optimistic.",
        _leaking,
    ),
)
"""Rules for the labels of a data set."""
