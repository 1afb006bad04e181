"""What can be chosen on the page, and which facts each group and course has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ctiqa.trends.page.words import UNKNOWN, days_since_epoch
from ctiqa.trends.result import ScanGroup, Trends, label_of

Pair = tuple[str | None, str | None]
"""Protocol and scanner."""

Triple = tuple[str | None, str | None, str | None]
"""Protocol, scanner and kernel."""

MOST_MONTHS = 36
"""Number of months, the last ones, that can be chosen one by one."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Texts to choose from, and where everything is found again by number.

    Attributes:
        texts: By fact (protocol, scanner, kernel, region): its texts in order of the alphabet;
            the number of a text is its place.
        periods: Titles of periods, each with its first and last day since 1970-01-01.
        groups: Number of each group of protocol, scanner and kernel; the largest first.
        pairs: Number of each protocol and scanner; those with alarms first.
        regions: Regions of the scans of each group, by its number.
    """

    texts: Mapping[str, list[str]]
    periods: list[tuple[str, int, int]]
    groups: Mapping[Triple, int]
    pairs: Mapping[Pair, int]
    regions: Mapping[int, list[str]]

    def code(self, fact: str, text: str | None) -> int:
        """Number of a text among those that can be chosen."""
        return self.texts[fact].index(text or UNKNOWN)

    def of_group(self, group: ScanGroup) -> dict[str, int | list[int]]:
        """Facts of a group, as numbers."""
        regions = self.regions.get(self.groups[triple_of(group)], [])
        return {
            "protocol": self.code("protocol", group.protocol),
            "scanner": self.code("scanner", group.scanner),
            "kernel": self.code("kernel", group.kernel),
            "region": [self.code("region", each) for each in regions],
        }

    def of_pairs(self) -> list[dict[str, str | int | list[int]]]:
        """Title and facts of each protocol and scanner; it has several kernels and regions."""
        return [
            {
                "title": label_of(*pair),
                "protocol": self.code("protocol", pair[0]),
                "scanner": self.code("scanner", pair[1]),
                "kernel": sorted({self.code("kernel", each[2]) for each in self._members(pair)}),
                "region": sorted(self._regions_of(pair)),
            }
            for pair in self.pairs
        ]

    def pair_facts(self, protocol: str | None, scanner: str | None) -> dict[str, int]:
        """The number of a protocol and scanner; empty if it has no course."""
        number = self.pairs.get((protocol, scanner))
        return {} if number is None else {"pair": number}

    def _members(self, pair: Pair) -> list[Triple]:
        return [each for each in self.groups if each[:2] == pair]

    def _regions_of(self, pair: Pair) -> set[int]:
        return {
            self.code("region", region)
            for each in self._members(pair)
            for region in self.regions.get(self.groups[each], [])
        }


def choices_of(trends: Trends) -> Choices:
    """What can be chosen on the page of these trends."""
    groups = {triple_of(group): number for number, group in enumerate(trends.groups)}
    regions: dict[int, set[str]] = defaultdict(set)
    columns = trends.scans.select("protocol", "scanner", "kernel", "region").unique()
    for *triple, region in columns.iter_rows():
        if (number := groups.get((triple[0], triple[1], triple[2]))) is not None:
            regions[number].add(region or UNKNOWN)
    return Choices(
        texts={
            "protocol": _texts(group.protocol for group in trends.groups),
            "scanner": _texts(group.scanner for group in trends.groups),
            "kernel": _texts(group.kernel for group in trends.groups),
            "region": sorted(set().union(*regions.values())),
        },
        periods=periods_between(trends.first, trends.last),
        groups=groups,
        pairs={pair: number for number, pair in enumerate(_pairs(trends))},
        regions={number: sorted(found) for number, found in regions.items()},
    )


def triple_of(group: ScanGroup) -> Triple:
    """What tells a group from others."""
    return group.protocol, group.scanner, group.kernel


def periods_between(first: date | None, last: date | None) -> list[tuple[str, int, int]]:
    """The years and the last months that can be chosen; the newest first.

    >>> [title for title, *_ in periods_between(date(2024, 12, 5), date(2025, 1, 3))]
    ['2025', '2024', '2025-01', '2024-12']
    >>> periods_between(date(2025, 2, 5), date(2025, 2, 7))
    []
    """
    if first is None or last is None:
        return []
    years = [(f"{year}", date(year, 1, 1), date(year, 12, 31)) for year in _years(first, last)]
    months = _months(first, last)
    chosen = [
        *(years if len(years) > 1 else []),
        *(months if len(months) > 1 else []),
    ]
    return [(title, days_since_epoch(start), days_since_epoch(end)) for title, start, end in chosen]


def _years(first: date, last: date) -> range:
    return range(last.year, first.year - 1, -1)


def _months(first: date, last: date) -> list[tuple[str, date, date]]:
    found: list[tuple[str, date, date]] = []
    start = last.replace(day=1)
    end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    while end >= first and len(found) < MOST_MONTHS:
        found.append((f"{start:%Y-%m}", start, end))
        end = start - timedelta(days=1)
        start = end.replace(day=1)
    return found


def _texts(values: Iterable[str | None]) -> list[str]:
    return sorted({value or UNKNOWN for value in values}, key=str.casefold)


def _pairs(trends: Trends) -> list[Pair]:
    """Each protocol and scanner that has a chart; those with alarms first, the newest on top."""
    alarmed = [(alarm.protocol, alarm.scanner) for alarm in trends.alarms]
    charted = [(chart.protocol, chart.scanner) for chart in trends.charts]
    return list(dict.fromkeys([*(pair for pair in alarmed if pair in set(charted)), *charted]))
