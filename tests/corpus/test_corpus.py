"""Every row of the corpus ends as it must: these HU and this score, or refused for this reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.corpus import build, look_alikes, not_hu
from tests.corpus.case import Case
from tests.corpus.kinds import HOSTILE, ORDINARY, wrong

from ctiqa import Scorer
from ctiqa.errors import UsageError
from ctiqa.types import Slice, SliceHeader, SliceSource

ROWS = [
    pytest.param(case, id=f"{kind}: {case.name}")
    for kind, cases in ORDINARY.items()
    for case in cases
]

MUST_BE_READ = {
    kind: [case for case in cases if case.answers[0].hu and not case.answers[0].reasons]
    for kind, cases in ORDINARY.items()
}
ONE_A_KIND = [pytest.param(cases[0], id=kind) for kind, cases in MUST_BE_READ.items() if cases]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(jobs=1)


@pytest.mark.parametrize("case", ROWS)
def test_row(case: Case, tmp_path: Path) -> None:
    assert wrong(case, tmp_path) is None


def test_names_of_the_rows_are_unique() -> None:
    for cases in (*ORDINARY.values(), *HOSTILE.values()):
        names = [case.name for case in cases]
        assert sorted(names) == sorted(set(names))
        assert all(case.defect and case.source for case in cases)


@pytest.mark.parametrize("case", ONE_A_KIND)
def test_score_is_that_of_the_hu(case: Case, tmp_path: Path, scorer: Scorer) -> None:
    case.build(tmp_path)
    (right, *_) = case.answers
    assert right.hu is not None
    wanted = [scorer.score(_slice(hu)).score for hu in right.hu()]
    report = scorer.score_paths([tmp_path], case.options)
    got = [each.score for scan in report.scans for each in scan.slices]
    assert got == pytest.approx(wanted, abs=0.05)


def test_the_plain_slice_has_a_score_that_can_move(scorer: Scorer) -> None:
    """4.0 is the top of the scale: a slice up there would hide what its HU lost."""
    score = scorer.score(_slice(build.as_read()[0])).score
    assert score is not None
    assert 1 < score < 3.9


@pytest.mark.parametrize("disguise", not_hu.DISGUISES, ids=lambda disguise: disguise.name)
def test_array_that_is_no_hu(disguise: not_hu.Disguise, scorer: Scorer) -> None:
    values = not_hu.disguised(disguise)
    array = not_hu.stored(values, whole=disguise.whole)
    with pytest.raises(UsageError):
        scorer.score(array)


def test_array_with_numbers_under_a_mask(scorer: Scorer) -> None:
    outside = build.outside()
    hidden = np.ma.masked_array(build.padded(9e9), mask=outside)
    with pytest.raises(UsageError):
        scorer.score(hidden)


@pytest.mark.parametrize("value", look_alikes.VENDOR_PADDING)
def test_array_with_padding_is_scored(value: int, scorer: Scorer) -> None:
    wanted = scorer.score(_slice(build.padded_as_read()[0])).score
    array = build.padded(value).astype(np.int32)
    assert scorer.score(array).score == pytest.approx(wanted, abs=0.05)


def _slice(hu: build.Hu) -> Slice:
    rows, cols = hu.shape
    return Slice(hu, SliceHeader(SliceSource(Path("corpus")), rows, cols))
