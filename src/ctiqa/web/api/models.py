"""What the API answers: plain objects without patient data, whose names never change meaning."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

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


class ProblemOut(BaseModel):
    """Why a request is not served (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(description="Stable name", examples=["no_such_scan"])
    rule: str = Field(examples=["there is no such scan"])
    value: str | None
    remedy: str
