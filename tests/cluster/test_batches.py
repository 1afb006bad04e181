"""Batches do not depend on what was done before, and change only where units change."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from tests.cluster.fakes import ROOT, batch, unit_of, units

from ctiqa.archive.choice import Choice
from ctiqa.cluster.batches import MOST_FILES, MOST_UNITS, Batch, Place, batches_of
from ctiqa.cluster.setup import Job, Setup
from ctiqa.store.privacy import Privacy

JOB = Job(Setup(), "parts", "survey", Privacy(secret="ab" * 32), "model options")


def keys(places: list[Place]) -> list[str]:
    return [each.key(JOB) for each in batches_of(places)]


def test_all_units_are_in_batches_in_their_order() -> None:
    found = list(batches_of(units(500)))
    assert [place for each in found for place in each.places] == units(500)
    assert max(len(each.places) for each in found) <= MOST_UNITS
    assert 50 <= len(found) <= 150


def test_the_same_units_make_the_same_batches() -> None:
    assert keys(units(500)) == keys(units(500))
    assert len(set(keys(units(500)))) == len(keys(units(500)))


@pytest.mark.parametrize("at", [0, 137, 499])
def test_a_unit_that_is_added_or_gone_changes_the_batches_around_it(at: int) -> None:
    whole = units(500)
    fewer = [*whole[:at], *whole[at + 1 :]]
    assert len(set(keys(whole)) - set(keys(fewer))) <= 3
    assert len(set(keys(fewer)) - set(keys(whole))) <= 3


def test_large_series_are_batches_of_their_own() -> None:
    found = list(batches_of(units(5, files=MOST_FILES + 1)))
    assert [len(each.places) for each in found] == [1] * 5
    assert max(each.files for each in batches_of(units(50, files=450))) <= MOST_FILES


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, how="other options"),
        replace(JOB, setup=Setup(choice=Choice(sample=3))),
        replace(JOB, privacy=Privacy(secret="cd" * 32)),
    ],
)
def test_the_key_is_another_one_with_another_job(job: Job) -> None:
    assert batch("1", "2").key(job) != batch("1", "2").key(JOB)


def test_the_key_is_another_one_if_a_file_has_changed() -> None:
    changed = Batch(((ROOT, unit_of("1")), (ROOT, unit_of("2", stamp="2"))))
    elsewhere = Batch(tuple(("/other", unit) for _, unit in batch("1", "2").places))
    there = {each.key(JOB) for each in (batch("1", "2"), batch("2", "1"))}
    assert len(there) == 1
    assert len({changed.key(JOB), elsewhere.key(JOB)} | there) == 3


def test_neither_the_key_nor_a_log_holds_names_of_files() -> None:
    assert "series" not in repr(batch("1"))
    odd = Batch(((ROOT, unit_of("\udc80")),))
    assert len(odd.key(JOB)) == 32


def test_jobs_and_batches_travel() -> None:
    there = pickle.loads(pickle.dumps((JOB, batch("1"))))  # noqa: S301 - made here
    assert there == (JOB, batch("1"))
