"""What is wrong, since when, and who was told: alerts survive a restart without being repeated."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from ctiqa.clinic.records.records import Records
from ctiqa.store.database.clinic_tables import alert_channels, alert_messages, alerts
from ctiqa.store.database.insert import insert_or_replace

HOUR = timedelta(hours=1)

Happening = Literal["new", "lasting", "ended"]
"""What there is to say of an alert."""

Facts = Mapping[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong now.

    Attributes:
        kind: What was looked at, such as ``limit`` or ``disk``.
        name: What tells it from others of its kind; stays the same while it lasts.
        sentence: What is wrong and what to do, in plain words, without names of patients.
        facts: Where and how often, for machines.
    """

    kind: str
    name: str
    sentence: str
    facts: Facts = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Kind and name."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is or was wrong.

    Attributes:
        key: Kind and name, with a colon between them.
        sentence: What is wrong and what to do, in plain words.
        facts: Where and how often, for machines.
        first_seen: When it began.
        last_seen: When it was last seen.
        ended: When it was seen to have ended; ``None`` if it lasts.
        last_sent: When somebody was last told of it.
        n_seen: Number of checks that have seen it.
    """

    key: str
    sentence: str
    facts: Facts
    first_seen: datetime
    last_seen: datetime
    ended: datetime | None
    last_sent: datetime | None
    n_seen: int

    @property
    def kind(self) -> str:
        """What was looked at."""
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class News:
    """What a channel has to say of an alert.

    Attributes:
        happening: ``new``, ``lasting``: it is time to repeat it, or ``ended``.
        alert: The alert.
    """

    happening: Happening
    alert: Alert


class Alerts(Records):
    """Alerts of a store."""

    def saw(self, findings: Iterable[Finding], kinds: Collection[str]) -> None:
        """Record what a check has found.

        Args:
            findings: What is wrong now.
            kinds: Kinds that could be looked at: what is no longer found of them has ended.
        """
        now = self._now()
        found = {each.key: each for each in findings}
        with self._store.writing() as connection:
            known = {row.key: row for row in connection.execute(select(alerts))}
            for key, finding in sorted(found.items()):
                _put(connection, finding, known.get(key), now)
            gone = [
                key
                for key, row in known.items()
                if row.ended is None and key not in found and key.partition(":")[0] in kinds
            ]
            for key in gone:
                connection.execute(update(alerts).where(alerts.c.key == key).values(ended=now))

    def current(self) -> list[Alert]:
        """What is wrong now, the newest first."""
        query = select(alerts).where(alerts.c.ended.is_(None))
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(alerts.c.first_seen.desc(), alerts.c.key))
            return [_alert(row) for row in rows]

    def news(self, channel: str, again: timedelta) -> list[News]:
        """What a channel has to say, new things first.

        Args:
            channel: Name of the channel.
            again: What lasts is repeated after so long.
        """
        is_sent = alert_messages.c.alert, alert_messages.c.sent
        query = select(*is_sent).where(alert_messages.c.channel == channel)
        with self._store.reading() as connection:
            sent = {row.alert: row.sent for row in connection.execute(query)}
            rows = connection.execute(select(alerts).order_by(alerts.c.first_seen, alerts.c.key))
            all_alerts = [_alert(row) for row in rows]
        found = [
            News(happening, each)
            for each in all_alerts
            if (happening := _happening(each, sent.get(each.key), self._now(), again))
        ]
        return sorted(found, key=lambda each: ("new", "ended", "lasting").index(each.happening))

    def has_room(self, channel: str, most_per_hour: int) -> bool:
        """Whether a channel may send another message within the hour."""
        with self._store.reading() as connection:
            return len(_recent(connection, channel, self._now())) < most_per_hour

    def told(self, channel: str, news: Iterable[News]) -> None:
        """Record that a channel has sent a message."""
        now = self._now()
        with self._store.writing() as connection:
            for each in sorted(news, key=lambda each: each.alert.key):
                _note(connection, channel, each, now)
            times = [*_recent(connection, channel, now), now]
            _put_channel(connection, channel, times, None)

    def not_told(self, channel: str, error: str) -> None:
        """Record that a channel could not send a message."""
        with self._store.writing() as connection:
            times = _recent(connection, channel, self._now())
            _put_channel(connection, channel, times, error)

    def errors(self) -> dict[str, str]:
        """Why channels could not send their last message, by name."""
        query = select(alert_channels.c.channel, alert_channels.c.error).where(
            alert_channels.c.error.is_not(None)
        )
        with self._store.reading() as connection:
            return {row.channel: row.error for row in connection.execute(query)}

    def forget(self, channels: Collection[str]) -> None:
        """Remove what has ended and everybody knows of, and channels that are gone.

        Args:
            channels: Names of the channels in the configuration.
        """
        names = sorted(channels)
        with self._store.writing() as connection:
            for table in (alert_messages, alert_channels):
                connection.execute(delete(table).where(table.c.channel.not_in(names)))
            awaited = select(alert_messages.c.alert)
            known = alerts.c.ended.is_not(None) & alerts.c.key.not_in(awaited)
            connection.execute(delete(alerts).where(known))


def _put(connection: Connection, finding: Finding, row: Row[Any] | None, now: datetime) -> None:
    """Record a finding: a new alert, one that lasts, or one that has come back."""
    values = {
        "sentence": finding.sentence,
        "facts": json.dumps(dict(finding.facts), sort_keys=True, ensure_ascii=False),
        "last_seen": now,
    }
    if row is None:
        new = {"key": finding.key, "first_seen": now, "n_seen": 1, **values}
        connection.execute(insert(alerts).values(new))
        return
    if row.ended is not None:
        values |= {"ended": None, "first_seen": now, "n_seen": 1}
    else:
        values |= {"n_seen": row.n_seen + 1}
    connection.execute(update(alerts).where(alerts.c.key == finding.key).values(values))


def _happening(
    alert: Alert, sent: datetime | None, now: datetime, again: timedelta
) -> Happening | None:
    """What there is to say of an alert, if anything."""
    if alert.ended is not None:
        return "ended" if sent is not None else None
    if sent is None:
        return "new"
    # Also if it was sent in the future, by a clock that was set back since.
    return "lasting" if abs(now - sent) >= again else None


def _note(connection: Connection, channel: str, news: News, now: datetime) -> None:
    """Record that a channel has sent an alert."""
    key = news.alert.key
    if news.happening == "ended":
        same = (alert_messages.c.alert == key) & (alert_messages.c.channel == channel)
        connection.execute(delete(alert_messages).where(same))
        return
    row = {"alert": key, "channel": channel, "sent": now}
    insert_or_replace(connection, alert_messages, [row])
    connection.execute(update(alerts).where(alerts.c.key == key).values(last_sent=now))


def _recent(connection: Connection, channel: str, now: datetime) -> list[datetime]:
    """When a channel has sent messages within the last hour."""
    query = select(alert_channels.c.sent).where(alert_channels.c.channel == channel)
    text = connection.scalar(query)
    times = [datetime.fromisoformat(each) for each in json.loads(text or "[]")]
    return [each for each in times if abs(now - each) < HOUR]


def _put_channel(
    connection: Connection, channel: str, times: Iterable[datetime], error: str | None
) -> None:
    sent = json.dumps([each.isoformat() for each in times])
    row = {"channel": channel, "sent": sent, "error": error}
    insert_or_replace(connection, alert_channels, [row])


def _alert(row: Row[Any]) -> Alert:
    return Alert(**{**row._mapping, "facts": json.loads(row.facts)})
