"""One message with everything that a channel has to say; it holds nothing of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ctiqa.clinic.records.alerts import Happening, News
from ctiqa.text.plain_text import clean, clean_tree
from ctiqa.version import __version__

SCHEMA = "ctiqa-alerts/1"
"""Name and version of the JSON of webhooks."""

MOST_LISTED = 20
"""Number of alerts in one message; the others are counted."""

MOST_SENTENCE = 800
"""Longest sentence, in characters."""

HEADS: dict[Happening, str] = {"new": "New", "lasting": "Still so", "ended": "Ended"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Attributes:
        source: Name of the sender, the AE title of the listener.
        created: When it was made.
        news: What it lists.
        n_more: Number of alerts that it only counts.
    """

    source: str
    created: datetime
    news: tuple[News, ...]
    n_more: int

    @property
    def subject(self) -> str:
        """What there is, in one line; nothing in it comes from a file or another computer."""
        counts = {kind: sum(each.happening == kind for each in self.news) for kind in HEADS}
        parts = [f"{n} {HEADS[kind].lower()}" for kind, n in counts.items() if n]
        more = [f"{self.n_more} more"] if self.n_more else []
        return f"ctiqa {self.source}: {', '.join(parts + more)}"

    @property
    def text(self) -> str:
        """The message for people, in lines."""
        lines = [self.subject]
        for kind, head in HEADS.items():
            listed = [each for each in self.news if each.happening == kind]
            if listed:
                lines += ["", f"{head}:", *(f"- {line_of(each)}" for each in listed)]
        if self.n_more:
            lines += ["", f"and {self.n_more} more; see the pages of ctiqa"]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The message for programs, as documented in ``docs/clinic.md``."""
        return {
            "schema": SCHEMA,
            "version": __version__,
            "source": self.source,
            "created": self.created.isoformat(),
            "text": self.text,
            "alerts": [_plain(each) for each in self.news],
            "n_more": self.n_more,
        }


def message_of(source: str, created: datetime, news: Sequence[News]) -> Message:
    """A message with the first of the news; the others are counted."""
    listed = tuple(news[:MOST_LISTED])
    return Message(source, created, listed, len(news) - len(listed))


def line_of(news: News) -> str:
    """One alert in one line."""
    alert = news.alert
    sentence = clean(alert.sentence, MOST_SENTENCE)
    if news.happening == "new":
        return sentence
    since = f"{alert.first_seen:%Y-%m-%d %H:%M} UTC"
    if news.happening == "ended":
        return f"{sentence} (from {since} to {alert.ended:%Y-%m-%d %H:%M} UTC)"
    return f"{sentence} (since {since}, seen {alert.n_seen} times)"


def _plain(news: News) -> dict[str, Any]:
    alert = news.alert
    return {
        "key": clean(alert.key),
        "kind": alert.kind,
        "happening": news.happening,
        "sentence": clean(alert.sentence, MOST_SENTENCE),
        "first_seen": alert.first_seen.isoformat(),
        "last_seen": alert.last_seen.isoformat(),
        "ended": None if alert.ended is None else alert.ended.isoformat(),
        "n_seen": alert.n_seen,
        "facts": clean_tree(dict(alert.facts)),
    }
