"""How often trends raise false alarms and name a week of half the dose, for docs/trends.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
from scipy.stats import binomtest, chi2
from tests.trends.made import MONDAY, Change, many_charts
from tools.blocks import with_block, write_or_check

from ctiqa.trends import Trends, trends

PAGE = Path(__file__).parents[1] / "docs" / "trends.md"
BEGIN, END = "<!-- simulation: python -m tools.simulate_trends -->", "<!-- /simulation -->"

PROTOCOLS = 120
"""Protocols that are simulated at once, each with three charts."""

YEAR, QUARTER = 52, 12


@dataclass(frozen=True)
class Scenario:
    """A store.

    Attributes:
        family: Protocols in the store; one false alarm a year is allowed over all of their charts.
        per_week: Mean number of scans a week of a protocol.
        between: Standard deviation of ln(noise) between weeks.
        outliers: Share of scans with twice the noise.
    """

    family: int
    per_week: int
    between: float
    outliers: float = 0.0

    def trends(
        self, weeks: int, seed: int, changes: Sequence[Change] = (), dose: bool = True
    ) -> Trends:
        """Trends of many protocols, with the limits of a store of ``family``."""
        frame = many_charts(
            PROTOCOLS,
            self.per_week,
            weeks,
            seed,
            between=self.between,
            outliers=self.outliers,
            changes=changes,
        )
        if not dose:
            frame = frame.with_columns(pl.lit(None, pl.Float64).alias("ctdivol_mgy"))
        return trends(frame, false_alarms_per_year=PROTOCOLS / self.family)


SCENARIOS = (
    Scenario(1, 5, 0.0),
    Scenario(1, 10, 0.0),
    Scenario(1, 20, 0.0),
    Scenario(1, 40, 0.0),
    Scenario(1, 20, 0.03),
    Scenario(1, 40, 0.03),
    Scenario(1, 20, 0.05),
    Scenario(1, 20, 0.03, outliers=0.05),
    Scenario(30, 10, 0.03),
    Scenario(30, 20, 0.03),
    Scenario(30, 40, 0.03),
)

HEAD = (
    "protocols",
    "scans a week",
    "scatter between weeks",
    "odd scans",
    "false alarms a year",
    "half dose named",
    "… CTDIvol unknown",
    "weeks to find 1 % a week",
)


def false_alarms(scenario: Scenario) -> tuple[int, float]:
    """False alarms of a year of normal weeks, and the number of stores that they come from."""
    return len(scenario.trends(YEAR, seed=101).alarms), PROTOCOLS / scenario.family


def named(scenario: Scenario, *, dose: bool) -> int:
    """Number of protocols whose week of half the dose is named, one of twelve weeks."""
    changes = [Change(n % QUARTER, n % QUARTER, 0.5, protocol=f"P{n}") for n in range(PROTOCOLS)]
    found = scenario.trends(QUARTER, seed=102, changes=changes, dose=dose)
    return len({each.protocol for each in found.alarms if each.start == _week(each.protocol)})


def weeks_to_drift(scenario: Scenario) -> float:
    """Median number of weeks until noise that grows by 1 % a week is found."""
    found = scenario.trends(YEAR, seed=103, changes=[Change(8, YEAR - 1, noise_per_week=0.01)])
    first = dict.fromkeys((f"P{n}" for n in range(PROTOCOLS)), float(YEAR))
    for alarm in found.alarms:
        week = (alarm.start - MONDAY).days / 7
        if week >= 8 and alarm.direction == "high":
            first[str(alarm.protocol)] = min(first[str(alarm.protocol)], week)
    return float(pl.Series(list(first.values())).median() or 0) - 7  # type: ignore[arg-type]


def _week(protocol: str | None) -> object:
    return MONDAY + timedelta(weeks=int((protocol or "P0")[1:]) % QUARTER)


def row(scenario: Scenario) -> str:
    """A row of the table, with 95 % intervals."""
    count, stores = false_alarms(scenario)
    low = chi2.ppf(0.025, 2 * count) / 2 / stores if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2 / stores
    cells = (
        f"{scenario.family}",
        f"{scenario.per_week}",
        f"{scenario.between:.0%}".replace("%", " %"),
        f"{scenario.outliers:.0%}".replace("%", " %"),
        f"{count / stores:.2f} ({low:.2f}–{high:.2f})",
        _share(named(scenario, dose=True)),
        _share(named(scenario, dose=False)),
        f"{weeks_to_drift(scenario):.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _share(count: int) -> str:
    low, high = binomtest(count, PROTOCOLS).proportion_ci(method="wilson")
    return f"{100 * count / PROTOCOLS:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


def main() -> int:
    """Simulate, print and write."""
    rows = [f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}"]
    for scenario in SCENARIOS:
        rows.append(row(scenario))
        sys.stdout.write(f"{rows[-1]}\n")
        sys.stdout.flush()
    table = "\n".join(rows)
    return write_or_check([PAGE], lambda text: with_block(text, BEGIN, END, table), __doc__)


if __name__ == "__main__":
    sys.exit(main())
