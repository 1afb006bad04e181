"""The queue: every series is scored once for what has arrived of it, whoever is killed."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from tests.clinic.conftest import START, Watch

from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery
from ctiqa.clinic.records.health import SILENT_AFTER, Health
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.store.store import Store

LEASE = timedelta(minutes=2)


@pytest.fixture
def jobs(store: Store, watch: Watch) -> Jobs:
    return Jobs(store, watch)


def leased(jobs: Jobs, owner: str = "worker 1") -> Job:
    job = jobs.lease(owner, LEASE, most_tries=3)
    assert job is not None
    return job


def waiting(jobs: Jobs, *series: str) -> None:
    for each in series:
        jobs.arrived(each, 3, source="PACS", at=START)
    assert jobs.close_quiet(START) == len(series)


def test_a_series_is_scored_when_nothing_comes_any_more(jobs: Jobs, watch: Watch) -> None:
    jobs.arrived("1.2", 1, source="PACS", at=START)
    assert jobs.close_quiet(START - timedelta(seconds=1)) == 0
    assert jobs.lease("worker 1", LEASE, most_tries=3) is None
    assert jobs.close_quiet(START) == 1
    job = leased(jobs)
    assert (job.series, job.state, job.n_instances, job.tries) == ("1.2", "running", 1, 1)
    assert jobs.finish(job)
    assert jobs.lease("worker 1", LEASE, most_tries=3) is None
    assert jobs.counts() == {"open": 0, "waiting": 0, "running": 0, "done": 1, "aside": 0}


def test_what_arrives_during_scoring_makes_it_count_for_nothing(jobs: Jobs) -> None:
    waiting(jobs, "1.2")
    job = leased(jobs)
    jobs.arrived("1.2", 4, source="PACS", at=START)
    assert not jobs.renew(job, LEASE)
    assert not jobs.finish(job, [NewDelivery("pacs", "sr", "a.dcm")])
    jobs.close_quiet(START)
    again = leased(jobs)
    assert (again.generation, again.n_instances, again.tries) == (2, 4, 1)
    assert jobs.finish(again)


def test_a_lease_that_runs_out_frees_the_series(jobs: Jobs, watch: Watch) -> None:
    waiting(jobs, "1.2")
    lost = leased(jobs)
    watch.move(minutes=1)
    assert jobs.renew(lost, LEASE)
    watch.move(minutes=1.5)
    assert jobs.lease("worker 2", LEASE, most_tries=3) is None
    watch.move(minutes=1)
    again = leased(jobs, "worker 2")
    assert again.tries == 2
    assert not jobs.finish(lost)
    assert jobs.finish(again)


def test_a_clock_that_is_set_back_keeps_no_series_for_ever(jobs: Jobs, watch: Watch) -> None:
    waiting(jobs, "1.2")
    leased(jobs)
    watch.move(days=-300)
    assert leased(jobs, "worker 2").series == "1.2"


def test_instances_from_the_future_count_as_now(jobs: Jobs, watch: Watch) -> None:
    jobs.arrived("1.2", 1, source="PACS", at=START + timedelta(days=300))
    assert jobs.close_quiet(START) == 1


def test_a_series_that_kills_its_workers_is_left_alone(jobs: Jobs, watch: Watch) -> None:
    waiting(jobs, "1.2", "1.3")
    for _ in range(3):
        assert leased(jobs).series == "1.2"
        jobs.release("worker")
    assert leased(jobs, "other").series == "1.3"
    assert [each.series for each in jobs.exhausted(LEASE, most_tries=3)] == ["1.2"]
    assert jobs.set_aside("1.2", reason="crashed", detail="three workers died")
    assert jobs.exhausted(LEASE, most_tries=3) == []
    assert [each.detail for each in jobs.listed("aside")] == ["three workers died"]
    assert jobs.try_again("1.2")
    assert leased(jobs).tries == 1


def test_release_frees_only_the_workers_that_are_named(jobs: Jobs) -> None:
    waiting(jobs, "1.2", "1.3")
    leased(jobs, "a 1")
    other = leased(jobs, "b 1")
    assert jobs.release("a") == 1
    assert jobs.finish(other)


def test_two_workers_never_have_the_same_series(jobs: Jobs) -> None:
    waiting(jobs, *(f"1.{i}" for i in range(40)))
    taken: list[str] = []

    def work(name: str) -> None:
        while job := jobs.lease(name, LEASE, most_tries=3):
            taken.append(job.series)
            assert jobs.finish(job)

    threads = [Thread(target=work, args=(f"worker {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"1.{i}" for i in range(40))


def test_only_what_is_scored_and_sent_is_removed(jobs: Jobs, store: Store, watch: Watch) -> None:
    waiting(jobs, "1.2", "1.3", "1.4")
    assert jobs.finish(leased(jobs), [NewDelivery("pacs", "sr", "a.dcm")])
    assert jobs.finish(leased(jobs))
    watch.move(days=8)
    jobs.arrived("1.3", 4, source="PACS", at=watch())
    assert jobs.finished_before(watch()) == []
    deliveries = Deliveries(store, watch)
    [delivery] = deliveries.due()
    assert deliveries.files_to_keep(given_up_since=watch()) == {"a.dcm"}
    deliveries.sent(delivery)
    [job] = jobs.finished_before(watch())
    assert job.series == "1.2"
    jobs.arrived("1.2", 4, source="PACS", at=watch())
    assert not jobs.remove(job)


def test_a_delivery_that_fails_is_tried_later(jobs: Jobs, store: Store, watch: Watch) -> None:
    waiting(jobs, "1.2")
    wanted = [NewDelivery("pacs", "sr", "a.dcm"), NewDelivery("other", "sr", "a.dcm")]
    assert jobs.finish(leased(jobs), wanted)
    deliveries = Deliveries(store, watch)
    first, second = deliveries.due()
    deliveries.postponed(first, "no answer", START + timedelta(minutes=5))
    deliveries.failed(second, "refused")
    assert deliveries.due() == []
    assert deliveries.counts() == {"waiting": 1, "sent": 0, "failed": 1}
    watch.move(minutes=5)
    [due] = deliveries.due()
    assert (due.tries, due.error) == (1, "no answer")
    assert deliveries.try_again(second.id)
    assert not deliveries.try_again(due.id)
    assert [each.target for each in deliveries.of_series("1.2")] == ["other", "pacs"]


def test_a_result_that_is_made_again_is_sent_once(jobs: Jobs, store: Store) -> None:
    waiting(jobs, "1.2")
    wanted = [NewDelivery("pacs", "sr", "a.dcm")]
    assert jobs.finish(leased(jobs), wanted)
    deliveries = Deliveries(store, Watch())
    deliveries.sent(deliveries.due()[0])
    assert jobs.try_again("1.2")
    assert jobs.finish(leased(jobs), wanted)
    assert deliveries.due() == []
    assert deliveries.counts()["sent"] == 1


def test_a_part_that_says_nothing_is_noticed(store: Store, watch: Watch) -> None:
    health = Health(store, watch)
    health.tell("receiver", "listens", started=START, facts={"instances": 3})
    health.tell("receiver", "listens", started=START, facts={"instances": 4})
    [sign] = health.signs()
    assert (sign.part, sign.is_well, sign.facts["instances"], sign.at) == (
        "receiver",
        True,
        4,
        START,
    )
    assert not health.is_silent(sign)
    watch.time += SILENT_AFTER + timedelta(seconds=1)
    assert health.is_silent(sign)


def test_parts_that_are_gone_are_forgotten(store: Store, watch: Watch) -> None:
    health = Health(store, watch)
    for part in ("receiver", "scorer-1", "scorer-2"):
        health.tell(part, "works", started=START)
    health.forget_others({"receiver", "scorer-1"})
    assert [each.part for each in health.signs()] == ["receiver", "scorer-1"]
