"""What the API answers: plain objects without patient data, whose names never change meaning."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ctiqa.clinic.records.deliveries import DeliveryState, ResultKind
from ctiqa.clinic.records.jobs import JobState

Grade = Annotated[float, Field(ge=0, le=4, description="0 (bad) to 4 (excellent)")]


class Answer(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(frozen=True, from_attributes=True, ser_json_inf_nan="null")


class Scan(Answer):
    """A scan with its result. Unknown values are null; lengths are in mm, noise in HU."""

    scan: str = Field(
        description="Name of the scan in this API", examples=["df352a4c93a004b6a3153aef7b698f11"]
    )
    series: str = Field(description="Series Instance UID, or its hash, as the store keeps it")
    study_day: date | None = Field(description="Day of the study")
    station: str | None = Field(examples=["CT1"])
    manufacturer: str | None
    model: str | None = Field(description="Model of the scanner")
    protocol: str | None = Field(examples=["Abdomen"])
    description: str | None
    kernel: str | None = Field(examples=["Br40"])
    body_part: str | None
    region: str | None = Field(description="What most slices show", examples=["abdomen"])
    slice_thickness_mm: float | None
    kvp: float | None
    tube_current_ma: float | None
    ctdivol_mgy: float | None
    ssde_mgy: float | None
    water_equivalent_diameter_mm: float | None
    score: Grade | None
    low: Grade | None = Field(description="Lower end of the 90 % prediction interval")
    high: Grade | None = Field(description="Upper end of the 90 % prediction interval")
    equivalent_noise_hu: float | None
    noise_hu: float | None
    f50_per_mm: float | None
    dose_reserve: float | None = Field(description="Null also if no dose would do")
    n_judged: int = Field(description="Slices with a score")
    n_unjudged: int = Field(description="Slices without a score")
    findings: dict[str, int] = Field(description="Number of slices by finding")
    flags: dict[str, int] = Field(description="Number of slices by flag")
    scan_flags: list[str] = Field(description="Flags of the scan as a whole")
    warnings: list[str]
    scored_by: str = Field(description="Name and version of the model")
    stored: datetime
    current: bool = Field(description="Whether this is the latest result of its series")


class ScanList(Answer):
    """Scans, the one stored last first."""

    n: int = Field(description="Number of scans that fulfil the conditions, on all pages")
    scans: list[Scan]
    next: str | None = Field(description="Cursor of the next page; null on the last one")


class Slice(Answer):
    """A slice; they are numbered from 0 along z."""

    number: int
    z_mm: float | None
    score: Grade | None
    low: Grade | None
    high: Grade | None
    equivalent_noise_hu: float | None
    dose_reserve: float | None
    region: str | None
    findings: str
    flags: str


class NoteOut(Answer):
    """What a reviewer says of a scan."""

    note: str
    is_explained: bool = Field(description="Whether what is unusual has an explanation")
    author: str
    written: datetime


class NoteIn(BaseModel):
    """A new note."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(min_length=1, max_length=1000, examples=["patient moved"])]
    is_explained: bool = False


class ScanDetail(Answer):
    """A scan with its slices and notes."""

    scan: Scan
    slices: list[Slice]
    notes: list[NoteOut]


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


class ProblemOut(BaseModel):
    """Why a request is not served (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(description="Stable name", examples=["no_such_scan"])
    rule: str = Field(examples=["there is no such scan"])
    value: str | None
    remedy: str
