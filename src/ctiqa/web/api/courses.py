"""Trends and limits in short."""

from __future__ import annotations

import math

from fastapi import APIRouter
from starlette.requests import Request

from ctiqa.trends.limits.outcome import Violation
from ctiqa.trends.result import ScanGroup
from ctiqa.web.api.callers import Reader
from ctiqa.web.api.system_models import (
    AlarmOut,
    GroupOut,
    LimitsOut,
    TrendsOut,
    UncheckedOut,
    ViolationOut,
)
from ctiqa.web.context import record, site_of

router = APIRouter(tags=["trends"])


@router.get("/trends", summary="Trends in short")
def show_trends(request: Request, who: Reader) -> TrendsOut:
    """Groups and alarms of the scans that the caller may see."""
    state = site_of(request).scans.trends_of(who)
    found = state.trends
    record(request, who.name, "api_trends")
    return TrendsOut(
        computed=state.computed,
        failure=state.failure,
        n=found.n if found else 0,
        first=found.first if found else None,
        last=found.last if found else None,
        groups=[_group(each) for each in found.groups] if found else [],
        alarms=[AlarmOut.model_validate(each) for each in found.alarms] if found else [],
        n_outliers=len(found.outliers) if found else 0,
    )


@router.get("/limits", summary="Limits that are broken")
def show_limits(request: Request, who: Reader) -> LimitsOut:
    """The check of the limits on the scans that the caller may see."""
    state = site_of(request).scans.trends_of(who)
    found = state.limits
    record(request, who.name, "api_limits")
    return LimitsOut(
        computed=state.computed,
        n_limits=found.n_limits if found else 0,
        violations=[_violation(each) for each in found.violations] if found else [],
        unchecked=[UncheckedOut.model_validate(each) for each in found.unchecked] if found else [],
    )


def _group(group: ScanGroup) -> GroupOut:
    medians = {
        f"median_{name}": None if (known := group.distributions.get(name)) is None else known.p50
        for name in ("score", "equivalent_noise_hu", "ctdivol_mgy")
    }
    return GroupOut(
        protocol=group.protocol,
        scanner=group.scanner,
        kernel=group.kernel,
        n=group.n,
        **medians,
    )


def _violation(found: Violation) -> ViolationOut:
    value = found.value if math.isfinite(found.value) else None
    return ViolationOut(
        rule=found.rule,
        key=found.key,
        kind=found.kind,
        protocol=found.protocol,
        scanner=found.scanner,
        kernel=found.kernel,
        value=value,
        limit=found.limit,
        n=found.n,
        n_broken=found.n_broken,
        sentence=found.sentence,
    )
