"""The application.

Answers are not compressed: pages hold tokens of forms beside texts that others can choose, whose
compressed length would tell about the tokens (BREACH, 2013). The largest page, that of the trends,
takes 1 MB; it is drawn once for all who look at it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.store.opening import open_store
from ctiqa.store.store import Store
from ctiqa.version import __version__
from ctiqa.web import api, pages
from ctiqa.web.answers import answer, handle_problems
from ctiqa.web.api.scoring import SCORE
from ctiqa.web.audit import Audit
from ctiqa.web.context import Site
from ctiqa.web.gates.body import Limits
from ctiqa.web.gates.gate import Gate
from ctiqa.web.identity.guard import Guard
from ctiqa.web.metering.meters import Meters
from ctiqa.web.metering.middleware import Metered
from ctiqa.web.reading.courses import Courses
from ctiqa.web.reading.door import StoreDoor
from ctiqa.web.reading.scans import Scans
from ctiqa.web.security import logins
from ctiqa.web.uploads.uploads import Uploads

UPLOAD_S = 1800.0
"""Longest time that an upload may take to arrive, in seconds."""

PATIENCE_S = 1.0
"""So long the start waits for the scans; of more scans than are read in it, pages say so."""


def make_app(config: Config, *, store: Store | None = None, now: Clock = utc_now) -> FastAPI:
    """The dashboard of a store, with pages, JSON and metrics.

    Args:
        config: The configuration.
        store: The store; by default it is opened when it is needed, and again and again while the
            database is down.
        now: The clock.

    Raises:
        UsageError: If the file with the key of logins breaks a rule.
        OutputError: If that file cannot be made.
    """
    site = make_site(config, store, now)
    app = FastAPI(
        title="ctiqa",
        version=__version__,
        summary="Image quality of CT scans: scores, trends, health.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A redirect names the host and the scheme of the request, which a proxy may have changed.
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.site = site
    app.include_router(logins.router)
    app.include_router(api.router)
    app.include_router(pages.router, include_in_schema=False)
    handle_problems(app)
    limits = {SCORE: Limits(config.web.most_upload_megabytes << 20, whole_s=UPLOAD_S)}
    app.add_middleware(Gate, web=config.web, limits=limits, answer=answer)
    app.add_middleware(Metered, meters=site.meters)
    return app


def make_site(config: Config, store: Store | None = None, now: Clock = utc_now) -> Site:
    """What the routes need, from the configuration; see :func:`make_app`."""
    section = config.store
    door = StoreDoor(
        lambda: open_store(section.url(), uids=section.uids, dates=section.dates), store
    )
    courses = Courses(config.watch.limits, lambda: door.store().dates, now)
    return Site(
        config=config,
        door=door,
        scans=Scans(door.store, courses, now),
        audit=Audit(config.web.audit_file),
        guard=Guard(config.web, now),
        uploads=Uploads(config),
        meters=Meters(),
        clock=now,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Threads live as long as the server."""
    site: Site = app.state.site
    site.scans.start()
    await run_in_threadpool(pages.load_templates)
    await run_in_threadpool(site.scans.wait, PATIENCE_S)
    try:
        yield
    finally:
        site.scans.close()
        site.uploads.close()
        site.door.close()
