"""Check limits on trends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ctiqa.trends.limits.courses import check_courses
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.limits.outcome import LimitsChecked, Unchecked, Violation
from ctiqa.trends.limits.scans import check_scans
from ctiqa.trends.result import Trends


def check_limits(trends: Trends, limits: Sequence[Limit]) -> LimitsChecked:
    """Check every limit on the scans and charts that it is for.

    All limits apply: one for a protocol does not replace one for all scans. A value that is
    unknown neither keeps nor breaks a limit; it is counted as unchecked.

    Args:
        trends: The trends of a store.
        limits: Limits of :func:`ctiqa.trends.limits.read_limits`.

    Returns:
        Violations, and what could not be checked.
    """
    found = [each for limit in limits for each in _check(trends, limit)]
    return LimitsChecked(
        n_limits=len(limits),
        violations=tuple(each for each in found if isinstance(each, Violation)),
        unchecked=tuple(each for each in found if isinstance(each, Unchecked)),
    )


def _check(trends: Trends, limit: Limit) -> Iterable[Violation | Unchecked]:
    yield from check_scans(trends, limit)
    yield from check_courses(trends, limit)
