"""Numbers of the store, read when Prometheus asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ctiqa.clinic.records.deliveries import Deliveries, DeliveryState
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs, JobState


class StoreNumbers(Collector):
    """Queue, deliveries and health at one moment.

    Args:
        jobs: The queue.
        deliveries: Results that are sent.
        health: Signs of life.
    """

    def __init__(self, jobs: Jobs, deliveries: Deliveries, health: Health) -> None:
        self._jobs = jobs
        self._deliveries = deliveries
        self._health = health

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The numbers.

        Raises:
            OutputError: If the database cannot be reached.
        """
        yield _by_state("ctiqa_jobs", "Series that were received", self._jobs.counts())
        yield _by_state("ctiqa_deliveries", "Results to be sent", self._deliveries.counts())
        yield from self._parts()

    def _parts(self) -> Iterable[GaugeMetricFamily]:
        is_well = GaugeMetricFamily("ctiqa_part_up", "Whether a part works.", labels=["part"])
        at = GaugeMetricFamily(
            "ctiqa_part_last_seen_seconds", "Last sign of life, Unix time.", labels=["part"]
        )
        facts = GaugeMetricFamily(
            "ctiqa_part_fact", "Numbers that a part tells.", labels=["part", "fact"]
        )
        for sign in self._health.signs():
            up = sign.is_well and not self._health.is_silent(sign)
            is_well.add_metric([sign.part], float(up))
            at.add_metric([sign.part], sign.at.timestamp())
            for name, value in sign.facts.items():
                facts.add_metric([sign.part, re.sub(r"\W", "_", name)], value)
        yield from (is_well, at, facts)


def _by_state(
    name: str, help_text: str, counts: Mapping[JobState, int] | Mapping[DeliveryState, int]
) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, f"{help_text}, by state.", labels=["state"])
    for state, n in counts.items():
        found.add_metric([state], n)
    return found
