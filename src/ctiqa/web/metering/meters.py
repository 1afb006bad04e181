"""What is counted while the server runs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Borders of the histogram of times, in seconds."""


class Meters:
    """Counters of one application, in a registry of its own.

    Attributes:
        registry: All counters.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "ctiqa_web_requests",
            "Requests by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "ctiqa_web_request_seconds",
            "Time until a request was answered, by route.",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._uploads = Counter(
            "ctiqa_web_uploads", "Uploads by outcome.", ["outcome"], registry=self.registry
        )
        self._scans = Gauge(
            "ctiqa_scans", "Scans in the store, as last read.", registry=self.registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            route: Path of the route with the names of its parameters; few different ones.
            method: Method, ``other`` for unusual ones.
            status: Status of the answer.
            seconds: How long it took.
        """
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def upload(self, outcome: str) -> None:
        """Count an upload by the code of its outcome."""
        self._uploads.labels(outcome).inc()

    def scans(self, n: int) -> None:
        """Tell the number of scans."""
        self._scans.set(n)
