"""When a result is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from ctiqa.clinic.records.deliveries import LONGEST_PAUSE, Delivery

FIRST_PAUSE = timedelta(seconds=30)
"""Time before the second try; it doubles with each further one, up to the longest."""

LEAST_FACTOR = 0.8
"""A pause is shortened at random to between this share of itself and the whole, so that several
computers that lost the same target do not come back at the same moment."""


def pause(tries: int) -> timedelta:
    """The time before the next try.

    Args:
        tries: How often it was tried, > 0.

    >>> [pause(tries).seconds for tries in (1, 2, 3, 7, 8, 5000)]
    [30, 60, 120, 1920, 3600, 3600]
    """
    doublings: int = 2 ** min(tries - 1, 10)
    return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)


def tries_within(length: timedelta) -> int:
    """How many pauses begin within a time; at least 1.

    >>> tries_within(timedelta(seconds=1)), tries_within(timedelta(minutes=10))
    (1, 5)
    >>> tries_within(timedelta(days=7))
    174
    """
    tries, spent = 0, timedelta()
    while spent < length:
        tries += 1
        spent += pause(tries)
    return max(tries, 1)


def is_to_give_up(delivery: Delivery, now: datetime, hours: float) -> bool:
    """Whether the failed try was the last.

    The age alone does not decide: after a holiday with the computer switched off, or with a clock
    that is a year ahead, one failure would end it.

    Args:
        delivery: The result, before the try is counted.
        now: The time.
        hours: Time after which a result is given up.
    """
    length = timedelta(hours=hours)
    return now - delivery.created >= length and delivery.tries + 1 >= tries_within(length)
