"""The part that scores: one process takes one series after the other from the queue."""

from __future__ import annotations

import os
from datetime import timedelta
from threading import Event

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.listening import Score
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.clinic.scoring.desk import Desk
from ctiqa.clinic.scoring.results import load_tables
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.clinic.service.part.patience import OUT_OF_ORDER, Patience, insist
from ctiqa.score.scorer import Scorer
from ctiqa.system.processor import usable_cores

IDLE_S = 0.5
"""Pause before the queue is asked again if nothing waits, in seconds."""


def part_name(number: int) -> str:
    """Name of a process that scores.

    >>> part_name(1)
    'scorer-1'
    """
    return f"scorer-{number}"


def scorer_of(settings: Score) -> Scorer:
    """The scorer of a configuration, with its share of the cores.

    Raises:
        UsageError: If there is no such model or engine, or the calibration is for another model.
        DataError: If the file of the calibration breaks a rule.
        WeightsError: If the model is missing, altered or not a model.
    """
    return Scorer(
        settings.model or DEFAULT_MODEL,
        jobs=max(1, usable_cores() // settings.workers),
        engine=settings.engine,
        calibration=settings.calibration,
    )


def run_scorer(config: Config, number: int, stop: Event) -> None:
    """Score series until it is stopped; waits while disk or database are out of order.

    Args:
        config: The configuration; the folders of the spool are there.
        number: Number of the process, from 1.
        stop: Ends the work within a few seconds; the series in hand is given back.

    Raises:
        CtiqaError: If the model cannot be loaded, or the configuration does not fit the store.
    """
    part = part_name(number)
    load_tables(config.send)
    scorer = scorer_of(config.score)
    store = store_when_there(config, part, stop)
    if store is None:
        return
    with store:
        jobs, life = Jobs(store), Life(store, part)
        # What a process of this name had when it ended is free at once.
        insist(lambda: jobs.release(f"{part}:"), part, stop)
        desk = Desk(config, store, scorer, life, stop)
        _work(desk, jobs, life, f"{part}:{os.getpid()}", stop)
        desk.end()


def _work(desk: Desk, jobs: Jobs, life: Life, owner: str, stop: Event) -> None:
    """Take one series after the other."""
    patience = Patience(owner.partition(":")[0], stop)
    while not stop.is_set():
        try:
            job = _next(desk, jobs, owner) if desk.is_spool_there() else None
            sentence, is_well = _state(desk, job)
            life.tell(sentence, is_well=is_well, facts=desk.facts)
        except OUT_OF_ORDER as error:
            patience.pause(error)
            continue
        patience.went_well()
        if job is None:
            stop.wait(IDLE_S)
        else:
            desk.score(job)


def _state(desk: Desk, job: Job | None) -> tuple[str, bool]:
    """What the process does, and whether it is well."""
    if not desk.is_spool_there():
        return "the spool is gone, nothing can be scored; mount its disk again", False
    return "scores" if job else "waits for series", True


def _next(desk: Desk, jobs: Jobs, owner: str) -> Job | None:
    settings = desk.settings
    length = timedelta(seconds=settings.lease_seconds)
    return jobs.lease(owner, length, most_tries=settings.tries)
