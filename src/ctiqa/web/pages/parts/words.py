"""Times, numbers and codes as the pages print them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from markupsafe import Markup

from ctiqa.score.honesty.flags import ARTEFACT, CONTRADICTION, FILTERED, SATURATED, SHARP_KERNEL
from ctiqa.score.report.facts import SHARP_KERNEL_NOTE
from ctiqa.score.report.sentences import DOUBTS
from ctiqa.score.verdict import ABSTENTIONS
from ctiqa.trends.page.words import number

FLAGS: Mapping[str, str] = {
    **ABSTENTIONS,
    FILTERED: DOUBTS[FILTERED],
    CONTRADICTION: DOUBTS[CONTRADICTION],
    SHARP_KERNEL: SHARP_KERNEL_NOTE,
    SATURATED: "at the top of the scale: only the equivalent noise tells such scans apart",
    "not_scored": "no slice has a score",
}
"""Meanings of flags; those of artefacts have their kind in the code."""

SHORT_FLAGS: Mapping[str, str] = {
    SATURATED: "top of the scale",
    "region": "region not scored",
    "outside_training": "outside training",
    "not_hu": "not HU",
}
"""Flags whose code is not the best short name."""

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def zone_of(moment: datetime) -> str:
    """Offset of the local time from UTC.

    >>> from datetime import timezone
    >>> zone_of(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))), zone_of(datetime.min)
    ('UTC+01:00', 'UTC')
    """
    offset = f"{moment:%z}"
    hours, minutes = offset[:3], offset[3:5]
    return f"UTC{hours}:{minutes}" if offset.strip("+-0") else "UTC"


def moment(when: datetime | None) -> Markup | str:
    """A time in local time with its offset from UTC.

    >>> from datetime import UTC
    >>> "datetime=" in moment(datetime(2026, 11, 26, 12, 5, tzinfo=UTC)), moment(None)
    (True, 'unknown')
    """
    if when is None:
        return "unknown"
    local = when.astimezone()
    return Markup('<time datetime="{}">{} <span class="zone">{}</span></time>').format(
        local.isoformat(timespec="seconds"), f"{local:%Y-%m-%d %H:%M}", zone_of(local)
    )


def age(length: timedelta) -> str:
    """A length of time in its largest unit.

    >>> age(timedelta(seconds=1)), age(timedelta(minutes=125)), age(timedelta(seconds=-5))
    ('1 second', '2 hours', '0 seconds')
    """
    seconds = max(0, int(length.total_seconds()))
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def flag_name(code: str) -> str:
    """Short name of a flag.

    >>> flag_name("artefact:beam_hardening"), flag_name("saturated"), flag_name("sharp_kernel")
    ('artefact: beam hardening', 'top of the scale', 'sharp kernel')
    """
    if code.startswith(ARTEFACT):
        return f"artefact: {code.removeprefix(ARTEFACT).replace('_', ' ')}"
    return SHORT_FLAGS.get(code, code.replace("_", " "))


def flag_meaning(code: str) -> str:
    """What a flag means.

    >>> flag_meaning("artefact:metal"), flag_meaning("made up")
    ('the model finds metal', 'no description')
    """
    if code.startswith(ARTEFACT):
        return f"the model finds {code.removeprefix(ARTEFACT).replace('_', ' ')}"
    return FLAGS.get(code, "no description")


def measure(value: float | None, unit: str = "", factor: float = 1.0) -> str:
    """A number with its unit; a dash if it is unknown.

    >>> measure(14.234, "HU"), measure(0.5, "%", 100), measure(None, "mGy")
    ('14.2 HU', '50 %', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{number(value * factor)} {unit}".rstrip()


def gigabytes(n_bytes: float) -> str:
    """A size on a disk.

    >>> gigabytes(1.5e9), gigabytes(2e11)
    ('1.5 GB', '200 GB')
    """
    return f"{number(n_bytes / 1e9)} GB"


def scan_address(name: str) -> str:
    """Address of the page of a scan.

    Args:
        name: Name of the scan in addresses, :func:`ctiqa.web.reading.table.scan_name`.

    >>> scan_address("8e3ab0c2f2d8a4bb5dab6d0f4e0a2f5b")
    '/scan/8e3ab0c2f2d8a4bb5dab6d0f4e0a2f5b'
    """
    return f"/scan/{quote(name, safe='')}"


def address(path: str, **facts: object) -> str:
    """An address with a query; facts that are ``None`` or empty are left out.

    >>> address("/scans", protocol="Thorax & neck", page=None)
    '/scans?protocol=Thorax+%26+neck'
    """
    given = {name: value for name, value in facts.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(given)}" if given else path
