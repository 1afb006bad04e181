"""Numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from ctiqa.web.api.callers import Metrics
from ctiqa.web.context import record, site_of
from ctiqa.web.metering.collector import StoreNumbers
from ctiqa.web.security.viewer import Viewer

router = APIRouter(tags=["system"])

TEXT = "text/plain; version=0.0.4; charset=utf-8"

EVERYTHING = Viewer("metrics", "reader", (), "")
"""Numbers are those of all scans."""


@router.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
def show_metrics(request: Request, who: Metrics) -> Response:
    """All numbers, in the text format of Prometheus; without patients and without series."""
    site = site_of(request)
    registry = CollectorRegistry()
    registry.register(StoreNumbers(site.jobs, site.deliveries, site.health))
    site.meters.scans(site.scans.of(EVERYTHING).frame.height)
    text = generate_latest(registry) + generate_latest(site.meters.registry)
    record(request, who.name, "metrics")
    return Response(text, media_type=TEXT)
