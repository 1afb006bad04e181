"""Compare two scans: find, score, match, measure, judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from ctiqa.diff.differences import differences_of
from ctiqa.diff.inputs import Input, Progress, find_input
from ctiqa.diff.kinds import kinds_of, notes_on
from ctiqa.diff.left_out import why_nothing
from ctiqa.diff.matching.along_z import match_order, match_positions
from ctiqa.diff.matching.by_region import match_regions
from ctiqa.diff.matching.pairs import Matching, Rule, without_other_sizes
from ctiqa.diff.matching.relation import Match, Relation, relation_of, rule_for
from ctiqa.diff.measuring import Measured, Reading, measure, score_inputs
from ctiqa.diff.result import Comparison
from ctiqa.diff.verdict import judge
from ctiqa.errors import NothingToDoError, UsageError
from ctiqa.io import ReadOptions
from ctiqa.io.protocol import DEFAULT_OPTIONS
from ctiqa.io.scans import AnyPath
from ctiqa.score.scorer import Scorer
from ctiqa.score.select import SliceRange
from ctiqa.types import Scan

LEAST_OF_SAME_SIZE = 0.5
"""If fewer pairs than this share agree in size, the positions do not correspond."""

MISPLACED = (
    "the scans share a frame of reference, but too few slices of equal size at the same positions: "
    "they are matched by region"
)


def compare_scans(
    a: AnyPath | Scan,
    b: AnyPath | Scan,
    *,
    slices: SliceRange | None = None,
    match: Match = "auto",
    scorer: Scorer | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two scans on matched slices: B minus A, with 95 % intervals and a verdict in words.

    Slices of one acquisition are matched by position, and their differences are paired. Other
    scans are matched by what the slices show and by water-equivalent diameter (±10 %). Compared are
    score, equivalent noise, quantum noise, noise level and texture, sharpness, dose, figure of
    merit and dose reserve. As ``ctiqa diff`` does.

    Args:
        a: File, folder or archive with one series, or a series of :func:`ctiqa.read_scans`.
        b: The same for the other scan.
        slices: Range of slices of each scan; ``None`` is all.
        match: ``"auto"`` matches by position if the scans share a frame of reference, else by
            region and size; ``"position"`` (without positions: order) and ``"region"`` choose.
        scorer: Scores the slices; ``None`` takes the default model.
        options: How files are read.
        jobs: Slices measured in parallel, >= 1.
        progress: Called with the stage (``"reading"``, ``"scoring"``, ``"measuring"``), done and
            total.

    Returns:
        Differences and verdict; print it for the verdict, or write it to a file.

    Raises:
        UsageError: If a path does not exist or holds several series, or ``match`` is unknown.
        DataError: If slices cannot be matched by position although that was asked for.
        NothingToDoError: If there is no slice to compare.

    >>> import ctiqa
    >>> from pathlib import Path
    >>> example = Path(ctiqa.__file__).parent / "assets" / "example"
    >>> print(compare_scans(example, example, slices=ctiqa.SliceRange(0, 2)))
    The slices are identical: every measured difference is exactly zero.
    """
    if match not in get_args(Match):
        raise UsageError(f"'match' must be one of {', '.join(get_args(Match))}, got {match!r}")
    scorer = scorer or Scorer(jobs=jobs)
    inputs = [
        find_input(name, what, scorer, options=options, slices=slices, progress=progress)
        for name, what in (("A", a), ("B", b))
    ]
    return compare_inputs(inputs, scorer, match=match, reading=Reading(options, jobs, progress))


def compare_inputs(
    inputs: Sequence[Input], scorer: Scorer, *, match: Match, reading: Reading
) -> Comparison:
    """Compare two scans that were found.

    Args:
        inputs: A and B.
        scorer: Scores the slices.
        match: How slices are to be matched.
        reading: How they are read and measured.

    Raises:
        DataError: If slices cannot be matched by position although that was asked for.
        NothingToDoError: If there is no slice to compare.
    """
    relation = relation_of(inputs[0].scan, inputs[1].scan)
    rule_for(match, relation, inputs[0].scan, inputs[1].scan)
    scored = score_inputs(inputs, scorer, reading)
    rule = rule_for(match, relation, scored[0].score.scan, scored[1].score.scan)
    measured, found, corresponds = _matched(rule, scored, scorer, reading)
    notes = []
    if match == "auto" and not corresponds:
        measured, found, _ = _matched("region", measured, scorer, reading)
        notes.append(MISPLACED)
    if not found.pairs:
        raise NothingToDoError(why_nothing(measured[0], measured[1], found))
    return _compared(measured, found, relation, notes)


def _matched(
    rule: Rule, scored: Sequence[Measured], scorer: Scorer, reading: Reading
) -> tuple[list[Measured], Matching, bool]:
    """The scans with measures of the slices that are compared, and which these are.

    The last value is whether slices that are matched by position or order do correspond.
    """
    if rule == "region":
        wanted = [
            [k for k, each in enumerate(scan.slices) if each.score is not None] for scan in scored
        ]
        measured = measure(scored, wanted, scorer, reading)
        return measured, match_regions(measured[0].slices, measured[1].slices), True
    match_along_z = match_positions if rule == "position" else match_order
    found = match_along_z(scored[0].slices, scored[1].slices)
    wanted = [[pair[side] for pair in found.pairs] for side in (0, 1)]
    measured = measure(scored, wanted, scorer, reading)
    kept = without_other_sizes(found, measured[0].slices, measured[1].slices)
    enough = len(kept.pairs) > LEAST_OF_SAME_SIZE * len(found.pairs)
    return measured, kept, enough


def _compared(
    measured: Sequence[Measured], found: Matching, relation: Relation, notes: Sequence[str]
) -> Comparison:
    a, b = measured
    digests = [(a.digests[pair.a], b.digests[pair.b]) for pair in found.pairs]
    identical = all(one and one == two for one, two in digests)
    kinds = kinds_of(found, a.score, b.score, relation)
    differences = differences_of(found, a.slices, b.slices)
    return Comparison(
        a=a,
        b=b,
        found=found,
        kinds=kinds,
        differences=differences,
        verdict=judge(differences, kinds, identical=identical),
        notes=(*notes, *notes_on(kinds, found, a.slices, b.slices)),
        identical=identical,
    )
