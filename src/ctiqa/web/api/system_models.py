"""What the API answers on the queue, the parts and trends."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from ctiqa.clinic.records.deliveries import DeliveryState, ResultKind
from ctiqa.clinic.records.jobs import JobState
from ctiqa.web.api.models import Answer


class JobOut(Answer):
    """A series that was received."""

    series: str
    state: JobState
    source: str
    n_instances: int
    tries: int
    first_received: datetime
    last_received: datetime
    finished: datetime | None
    reason: str | None
    detail: str | None


class JobList(Answer):
    """Series in a state, the one that came last first."""

    counts: dict[JobState, int]
    jobs: list[JobOut]


class DeliveryOut(Answer):
    """A result that is to be sent."""

    id: int
    series: str
    target: str
    kind: ResultKind
    state: DeliveryState
    tries: int
    created: datetime
    next_try: datetime
    finished: datetime | None
    error: str | None


class DeliveryList(Answer):
    """Results in a state, the newest first."""

    counts: dict[DeliveryState, int]
    deliveries: list[DeliveryOut]


class Part(Answer):
    """What a part of the system last said of itself."""

    part: str = Field(examples=["receiver"])
    is_well: bool
    is_silent: bool = Field(description="Whether it has said nothing for too long")
    at: datetime
    started: datetime
    sentence: str
    facts: dict[str, float]


class HealthOut(Answer):
    """Whether everything works."""

    ok: bool
    parts: list[Part]


class AlarmOut(Answer):
    """Periods of a control chart beyond a limit."""

    protocol: str | None
    scanner: str | None
    measure: str
    kind: str
    direction: str
    start: date
    last: date
    n: int
    change: float
    sentence: str


class ViolationOut(Answer):
    """A limit that is broken."""

    rule: str
    key: str
    kind: str
    protocol: str | None
    scanner: str | None
    kernel: str | None
    value: float | None
    limit: float
    n: int
    n_broken: int
    sentence: str


class UncheckedOut(Answer):
    """What a limit could not be checked on."""

    rule: str
    key: str
    why: str
    n: int
    sentence: str


class GroupOut(Answer):
    """Scans of one protocol, scanner and kernel."""

    protocol: str | None
    scanner: str | None
    kernel: str | None
    n: int
    median_score: float | None
    median_equivalent_noise_hu: float | None
    median_ctdivol_mgy: float | None


class TrendsOut(Answer):
    """Trends in short. They are computed in the background; until then `computed` is null."""

    computed: datetime | None
    failure: str | None
    n: int = Field(description="Scans that count")
    first: date | None
    last: date | None
    groups: list[GroupOut]
    alarms: list[AlarmOut]
    n_outliers: int


class LimitsOut(Answer):
    """The check of the limits of the configuration; `computed` is null until it is done."""

    computed: datetime | None
    n_limits: int
    violations: list[ViolationOut]
    unchecked: list[UncheckedOut]
