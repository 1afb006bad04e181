"""What trends hold: everything that the page, the tables and the limits show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars

Every = Literal["day", "week", "month"]
ChartedMeasure = Literal["noise", "score", "dose"]
OutlierReason = Literal["noise", "artefact", "dose", "filter"]


@dataclass(frozen=True, slots=True)
class Omission:
    """Scans that were left out, and why.

    Attributes:
        reason: A plain sentence without a full stop.
        n: Number of scans.
    """

    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """The distribution of one number over the scans of a group.

    Attributes:
        n: Scans with a value, ≥ 1; the quantiles are those of these scans. Infinite reserves count.
        p5: 5 % of the scans have less.
        p25: Lower quartile.
        p50: Median.
        p75: Upper quartile.
        p95: 95 % of the scans have less.
    """

    n: int
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


@dataclass(frozen=True, slots=True)
class ScanGroup:
    """Scans of one protocol, scanner and kernel.

    Attributes:
        protocol: *Protocol Name*; ``None`` if unknown.
        scanner: Station; the model of the scanner where the station is unknown; or ``None``.
        kernel: Convolution kernel; ``None`` if unknown.
        n: Number of scans.
        n_filtered: Those that have the flag ``filtered``.
        n_artefact: Those with an artefact in a quarter of their slices or more.
        distributions: By column, those of :data:`~ctiqa.trends.columns.DISTRIBUTED`; ``None``
            where no scan has a value.
    """

    protocol: str | None
    scanner: str | None
    kernel: str | None
    n: int
    n_filtered: int
    n_artefact: int
    distributions: Mapping[str, Distribution | None]

    @property
    def label(self) -> str:
        """Protocol, scanner and kernel, such as ``Abdomen · CT1 · Br40``."""
        return f"{label_of(self.protocol, self.scanner)} · {self.kernel or 'kernel unknown'}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The scans that control limits come from.

    Attributes:
        first: First day of the first period.
        last: Last day of the last period.
        n_periods: Periods with enough scans.
        n_scans: Scans in them.
        stated: Whether the user stated the baseline; otherwise it is the beginning of the course.
    """

    first: date
    last: date
    n_periods: int
    n_scans: int
    stated: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a control chart. Values have the unit of the chart.

    Attributes:
        start: First day of the period.
        n: Scans of the period in the chart.
        value: Robust mean of the period, adjusted for the size of the patients.
        lower: Lower Shewhart limit, for the number of scans of this period; ``None`` if the chart
            has no limits, or the period too few scans.
        upper: Upper Shewhart limit, or ``None``.
        ewma: Exponentially weighted moving average up to this period, or ``None``.
        ewma_lower: Lower limit of the EWMA, or ``None``.
        ewma_upper: Upper limit of the EWMA, or ``None``.
        in_baseline: Whether the limits come from this period, among others.
        beyond: ``"high"`` or ``"low"`` if the value is beyond its Shewhart limit.
        drift: ``"high"`` or ``"low"`` if the EWMA is beyond its limit.
    """

    start: date
    n: int
    value: float
    lower: float | None
    upper: float | None
    ewma: float | None
    ewma_lower: float | None
    ewma_upper: float | None
    in_baseline: bool
    beyond: Literal["high", "low"] | None
    drift: Literal["high", "low"] | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Successive periods of a chart beyond the same limit.

    Attributes:
        protocol: Protocol of the chart.
        scanner: Scanner of the chart.
        measure: Measure of the chart.
        kind: ``"shift"``: a period beyond a Shewhart limit; ``"drift"``: the EWMA beyond its limit.
        direction: ``"high"`` or ``"low"``.
        start: First day of the first period.
        last: First day of the last period.
        n: Scans of these periods in the chart.
        change: What the measure is compared with the baseline: for noise and dose a factor, for
            the score a difference in grades. It is that of the period farthest from the baseline.
        distance: Distance from the centre in units of that of the limit, > 1; for sorting.
        sentence: What happened, in plain words, with the other measures of the same periods.
    """

    protocol: str | None
    scanner: str | None
    measure: ChartedMeasure
    kind: Literal["shift", "drift"]
    direction: Literal["high", "low"]
    start: date
    last: date
    n: int
    change: float
    distance: float
    sentence: str


@dataclass(frozen=True, slots=True)
class ControlChart:
    """The course of one measure for one protocol and scanner.

    Attributes:
        protocol: *Protocol Name*; ``None`` if unknown.
        scanner: Station or model; ``None`` if unknown.
        measure: ``"noise"``: equivalent noise; ``"score"``; ``"dose"``: CTDIvol.
        unit: ``"HU"``, ``"mGy"`` or ``""``.
        every: Length of the periods.
        n: Scans in the chart.
        n_other: Scans of the protocol and scanner that are not in the chart: without a day or a
            value, or of a kernel and thickness that the baseline does not have.
        centre: Median of the baseline, for a patient of usual size; of all if there is no baseline.
        scatter: Robust standard deviation of single scans about the mean of their period: for noise
            and dose of the natural logarithm (0.2 is about 20 %), for the score in grades.
        size_slope: Change with the size of the patients that is removed, per cm of water-equivalent
            diameter: of the natural logarithm, or in grades; ``None`` if it is unknown.
        baseline: Where the limits come from; ``None`` if there are too few scans for limits.
        points: Periods with scans, in order.
        alarms: In order of time.
        note: Why there are no limits, or what to keep in mind; or ``None``.
    """

    protocol: str | None
    scanner: str | None
    measure: ChartedMeasure
    unit: str
    every: Every
    n: int
    n_other: int
    centre: float
    scatter: float
    size_slope: float | None
    baseline: Baseline | None
    points: tuple[Point, ...]
    alarms: tuple[Alarm, ...]
    note: str | None

    @property
    def label(self) -> str:
        """Protocol and scanner, such as ``Abdomen · CT1``."""
        return label_of(self.protocol, self.scanner)


@dataclass(frozen=True, slots=True)
class DoseLine:
    """Equivalent noise against dose in a group: ln(noise) = intercept + slope · ln(dose).

    Quantum noise alone, in patients of one size, has the slope −0.5.

    Attributes:
        protocol: As in the group.
        scanner: As in the group.
        kernel: As in the group.
        dose: Column of the dose: CTDIvol or SSDE in mGy.
        n: Scans with both values.
        slope: Robust slope; 0 if the doses hardly differ.
        intercept: ln of the noise in HU at 1 mGy.
        low: 5 % quantile of the doses in mGy, where the line begins.
        high: 95 % quantile of the doses in mGy.
        scatter: Robust standard deviation of ln(noise) about the line.
        flat: Whether the doses hardly differ, so that the slope is unknown.
    """

    protocol: str | None
    scanner: str | None
    kernel: str | None
    dose: Literal["ctdivol_mgy", "ssde_mgy"]
    n: int
    slope: float
    intercept: float
    low: float
    high: float
    scatter: float
    flat: bool


@dataclass(frozen=True, slots=True)
class Outlier:
    """A scan that is unlike those that it is compared with.

    Attributes:
        row: Number of its row in :attr:`Trends.scans`.
        series_uid: UID, or its hash, as stored.
        content: Digest of its content, as stored.
        day: Day of the study, or ``None``.
        protocol: *Protocol Name*, or ``None``.
        scanner: Station or model, or ``None``.
        kernel: Kernel, or ``None``.
        reasons: Why, the worst first.
        z: Robust distance in standard deviations, with a sign, of the noise or dose; the larger
            one; ``None`` if neither is a reason.
        severity: For sorting: the larger, the worse.
        sentence: What is unusual and what is usual, in plain words.
    """

    row: int
    series_uid: str
    content: str
    day: date | None
    protocol: str | None
    scanner: str | None
    kernel: str | None
    reasons: tuple[OutlierReason, ...]
    z: float | None
    severity: float
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """Trends of the scans of a store.

    Attributes:
        store: Name of the store, without folder and password, if whoever shows the trends states
            one; ``None`` at first.
        model: Name and version of the model that scored the scans; ``None`` if there are no scans.
        model_digest: Its digest; ``None`` if there are no scans.
        every: Length of the periods.
        first: First day of a study, or ``None``.
        last: Last day of a study, or ``None``.
        n: Scans that count, those without a day included.
        n_without_day: Those without a day; they are in no course.
        left_out: Scans that do not count, with reasons.
        groups: By protocol × scanner × kernel; the largest first.
        charts: By protocol × scanner, the largest first; of each, noise, dose and score, as far as
            they are known.
        alarms: One for each event: of alarms of one protocol, scanner and period the first of
            noise, dose and score. In order of time, the newest first.
        dose_lines: Of the groups with enough scans, against CTDIvol and SSDE.
        outliers: The worst first.
        false_alarms_per_year: Expected number of alarms of a year in which nothing changes, over
            all charts together, at most.
        notes: What to keep in mind.
        scans: One row a scan, sorted by day and UID; columns are
            :data:`~ctiqa.trends.columns.SCAN_COLUMNS`. Derived are:

            * ``scanner``: station, or else the model;
            * ``period``: first day of the period;
            * ``kernel_class``: ``soft``, ``sharp`` or ``unknown``, by what the image shows;
            * ``thickness_band``, ``dw_band``: such as ``2–4 mm``, ``24–28 cm`` or ``unknown``;
            * ``filtered``: whether the scan has the flag of a filtered image;
            * ``artefact``: the kind found in most slices, or null; ``artefact_share``: its share of
              the slices judged, 0–1;
            * ``adjusted_noise_hu``: equivalent noise, adjusted to a patient of usual size;
            * ``noise_ratio``: equivalent noise over what is usual for this protocol, scanner,
              kernel, thickness, size and dose; ``dose_ratio``: CTDIvol over what is usual for this
              protocol, scanner and size; null where too few scans are known;
            * ``percentile``: share of the comparable scans (same region, kernel class, thickness
              band and Dw band) that have less equivalent noise, in %; ``score_percentile``: that
              have a lower score; null for fewer than ten;
            * ``n_comparable``: number of comparable scans with an equivalent noise, this one
              included.
    """

    store: str | None
    model: str | None
    model_digest: str | None
    every: Every
    first: date | None
    last: date | None
    n: int
    n_without_day: int
    left_out: tuple[Omission, ...]
    groups: tuple[ScanGroup, ...]
    charts: tuple[ControlChart, ...]
    alarms: tuple[Alarm, ...]
    dose_lines: tuple[DoseLine, ...]
    outliers: tuple[Outlier, ...]
    false_alarms_per_year: float
    notes: tuple[str, ...]
    scans: polars.DataFrame


def label_of(protocol: str | None, scanner: str | None) -> str:
    """Protocol and scanner for people.

    >>> label_of("Abdomen", "CT1"), label_of(None, None)
    ('Abdomen · CT1', 'protocol unknown · scanner unknown')
    """
    return f"{protocol or 'protocol unknown'} · {scanner or 'scanner unknown'}"
