"""``--since``, ``--until``, ``--where`` and ``--sample``."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.archive.made import Surveyor, opened, uid, write_slices

from ctiqa.archive.choice import Choice
from ctiqa.errors import UsageError

DAYS = ("20260301", "20260302", "20260303")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Nine series on three days: six of the thorax, three of the head."""
    for number in range(9):
        is_head = number >= 6
        write_slices(
            tmp_path / "archive" / f"s{number}",
            number,
            1,
            StudyDate=DAYS[number % 3],
            ProtocolName="Head" if is_head else "Thorax",
            KVP="140" if is_head else "120",
        )
    return tmp_path / "archive"


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"since": "2026-03-02"}, {1, 2, 4, 5, 7, 8}),
        ({"until": "2026-03-01"}, {0, 3, 6}),
        ({"since": "2026-03-02", "until": "2026-03-02"}, {1, 4, 7}),
        ({"where": ["protocol=Head"]}, {6, 7, 8}),
        ({"where": ["protocol=T*", "kvp<=120"]}, {0, 1, 2, 3, 4, 5}),
        ({"where": ["kvp>120"], "since": "2026-03-03"}, {8}),
        ({"where": ["protocol=Foot"]}, set()),
    ],
    ids=str,
)
def test_which_series_are_scored(
    survey: Surveyor, root: Path, asked: dict[str, Any], numbers: set[int]
) -> None:
    done = survey(root, choice=Choice.parse(**asked))
    assert set(survey.scored) == {uid(number) for number in numbers}
    assert (done.stored, done.left_out) == (len(numbers), 9 - len(numbers))
    assert done.is_complete


def test_the_same_choice_reads_nothing_again(survey: Surveyor, root: Path) -> None:
    head = Choice.parse(where=["protocol=Head"])
    survey(root, choice=head)
    with opened(root) as files:
        done = survey(root, choice=head)
    assert (files, done.unchanged) == ([], 9)


def test_another_choice_reads_only_what_was_left_out(survey: Surveyor, root: Path) -> None:
    survey(root, choice=Choice.parse(where=["protocol=Head"]))
    with opened(root) as files:
        done = survey(root)
    assert {Path(file).parent.name for file in files} == {f"s{number}" for number in range(6)}
    assert (done.stored, done.unchanged) == (6, 3)


def test_a_series_without_a_day_is_left_out(survey: Surveyor, tmp_path: Path) -> None:
    write_slices(tmp_path / "archive", 1, StudyDate="")
    assert survey(tmp_path / "archive", choice=Choice.parse(since="2000-01-01")).left_out == 1
    assert survey(tmp_path / "archive").stored == 1


def sampled(survey: Surveyor, root: Path, number: int, **how: Any) -> list[str]:
    survey(root, choice=Choice.parse(sample=number), **how)
    return sorted(survey.scored)


def test_a_sample_has_so_many_series_of_each_protocol(survey: Surveyor, root: Path) -> None:
    numbers = [int(each.rpartition(".")[2]) for each in sampled(survey, root, 2)]
    assert [sum(number < 6 for number in numbers), sum(number >= 6 for number in numbers)] == [2, 2]


def test_a_sample_is_always_the_same(survey: Surveyor, root: Path, tmp_path: Path) -> None:
    first = sampled(survey, root, 2)
    other = Surveyor(str(tmp_path / "other.sqlite"), survey.scorer)
    sampled(other, root, 2)
    assert sorted(other.frame()["series_uid"]) == first


def test_a_sample_that_is_taken_again_scores_nothing(survey: Surveyor, root: Path) -> None:
    sampled(survey, root, 2)
    digest = survey.digest()
    done = survey(root, choice=Choice.parse(sample=2))
    assert (survey.scored, done.stored, done.known, done.left_out) == ([], 0, 4, 5)
    assert survey.digest() == digest


def test_a_larger_sample_contains_the_smaller_one(survey: Surveyor, root: Path) -> None:
    sampled(survey, root, 1)
    assert len(sampled(survey, root, 2)) == 2
    assert survey.frame().height == 4


def test_a_sample_that_was_stopped_goes_on(survey: Surveyor, root: Path, tmp_path: Path) -> None:
    other = Surveyor(str(tmp_path / "other.sqlite"), survey.scorer)
    sampled(other, root, 2)
    stop = Event()

    def tell(stage: str, _done: int, _total: int) -> None:
        if stage == "surveying" and survey.scored:
            stop.set()

    assert len(sampled(survey, root, 2, progress=tell, stop=stop)) < 4
    sampled(survey, root, 2)
    assert survey.digest() == other.digest()


def test_the_whole_archive_after_a_sample(survey: Surveyor, root: Path) -> None:
    sampled(survey, root, 1)
    done = survey(root)
    assert (done.stored, done.unchanged) == (7, 2)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "1.3.2026"}, "'since' must be a day such as 2026-11-26, got '1.3.2026'"),
        ({"until": "2026-02-30"}, "'until' must be a day"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "'until' must not be before 'since'"),
        ({"sample": 0}, "'sample' must be at least 1"),
        ({"where": ["score>3"]}, "known only after scoring"),
        ({"where": ["colour=red"]}, "colour"),
        ({"where": ["protocol"]}, "protocol"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        Choice.parse(**asked)


def test_choices_have_names_of_their_own() -> None:
    choices = [
        Choice(),
        Choice.parse(since="2026-03-01"),
        Choice.parse(until="2026-03-01"),
        Choice.parse(sample=1),
        Choice.parse(where=["kvp<=120"]),
        Choice.parse(where=["kvp<120"]),
    ]
    assert len({each.digest for each in choices}) == len(choices)
