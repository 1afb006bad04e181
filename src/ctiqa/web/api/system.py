"""The queue, what is sent, and the health of the parts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from ctiqa.clinic.records.deliveries import DeliveryState
from ctiqa.clinic.records.health import Sign
from ctiqa.clinic.records.jobs import JobState
from ctiqa.web.api.callers import Reader
from ctiqa.web.api.system_models import DeliveryList, DeliveryOut, HealthOut, JobList, JobOut, Part
from ctiqa.web.context import record, site_of
from ctiqa.web.security.viewer import Viewer

router = APIRouter(tags=["system"])

Most = Annotated[int, Query(ge=1, le=500)]


@router.get("/jobs", summary="Series that were received")
def list_jobs(
    request: Request, who: Reader, state: JobState = "waiting", limit: Most = 100
) -> JobList:
    """Series in a state, the one that came last first, and the numbers of all states."""
    queue = site_of(request).queue(who)
    record(request, who.name, "api_jobs")
    jobs = [JobOut.model_validate(job) for job in queue.jobs(state, limit)]
    return JobList(counts=queue.job_counts(), jobs=jobs)


@router.get("/deliveries", summary="Results that are sent")
def list_deliveries(
    request: Request, who: Reader, state: DeliveryState = "waiting", limit: Most = 100
) -> DeliveryList:
    """Results in a state, the newest first, and the numbers of all states."""
    queue = site_of(request).queue(who)
    record(request, who.name, "api_deliveries")
    found = [DeliveryOut.model_validate(each) for each in queue.deliveries(state, limit)]
    return DeliveryList(counts=queue.delivery_counts(), deliveries=found)


@router.get("/health", summary="Health of the parts")
def show_health(request: Request, who: Reader) -> HealthOut:
    """What each part last said of itself; numbers only for those who may see all scans."""
    site = site_of(request)
    health = site.health
    parts = [_part(sign, is_silent=health.is_silent(sign), who=who) for sign in health.signs()]
    record(request, who.name, "api_health")
    return HealthOut(ok=all(part.is_well and not part.is_silent for part in parts), parts=parts)


def _part(sign: Sign, *, is_silent: bool, who: Viewer) -> Part:
    return Part(
        part=sign.part,
        is_well=sign.is_well,
        is_silent=is_silent,
        at=sign.at,
        started=sign.started,
        sentence="" if who.where else sign.sentence,
        facts={} if who.where else dict(sign.facts),
    )
