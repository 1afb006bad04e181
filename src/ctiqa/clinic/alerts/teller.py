"""Tells the channels what they have to say, each in a thread: one that hangs holds up no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

from ctiqa.clinic.alerts.channels.fault import NotToldError, PartlyToldError
from ctiqa.clinic.alerts.channels.mail import send_mail
from ctiqa.clinic.alerts.channels.syslog import send_syslog
from ctiqa.clinic.alerts.channels.webhook import send_webhook
from ctiqa.clinic.alerts.message import Message, message_of
from ctiqa.clinic.config import Config
from ctiqa.clinic.config.sending import Alert, Mail, Webhook
from ctiqa.clinic.records.alerts import Alerts
from ctiqa.clinic.records.clock import Clock
from ctiqa.errors import CtiqaError

MOST_WAIT_S = 60.0
"""How long a round waits for its channels; one that takes longer is left out of the next ones."""


class Teller:
    """Sends alerts to the channels of a configuration.

    Args:
        config: The configuration.
        alerts: What there is to say.
        now: The clock.
    """

    def __init__(self, config: Config, alerts: Alerts, now: Clock) -> None:
        self._config = config
        self._alerts = alerts
        self._now = now
        self._busy: dict[str, Thread] = {}

    def tell(self, stop: Event) -> None:
        """Send to every channel what it has to say, and wait for them.

        Args:
            stop: Ends the waiting.
        """
        for channel in self._config.alert:
            if channel.name not in self._busy:
                thread = Thread(target=self._tell, args=(channel,), daemon=True)
                self._busy[channel.name] = thread
                thread.start()
        end = time.monotonic() + MOST_WAIT_S
        while self.is_busy() and time.monotonic() < end and not stop.is_set():
            stop.wait(0.02)

    def is_busy(self) -> bool:
        """Whether a channel has not finished yet."""
        self._busy = {name: each for name, each in self._busy.items() if each.is_alive()}
        return bool(self._busy)

    def _tell(self, channel: Alert) -> None:
        """Send a message to one channel, if there is something to say and it may."""
        try:
            self._tell_in_turn(channel)
        except CtiqaError:
            # The database is away: it is sent in the next round, in the worst case once more.
            return

    def _tell_in_turn(self, channel: Alert) -> None:
        watch, name = self._config.watch, channel.name
        news = self._alerts.news(name, timedelta(hours=watch.again_hours))
        if not news or not self._alerts.has_room(name, watch.most_per_hour):
            return
        message = message_of(self._config.listen.ae_title, self._now(), news)
        try:
            _sender_of(channel)(message)
        except PartlyToldError as error:
            self._alerts.told(name, news)
            self._alerts.not_told(name, str(error))
        except NotToldError as error:
            self._alerts.not_told(name, str(error))
        # What nobody expects must be seen, and cost no other channel anything.
        except Exception as error:  # noqa: BLE001
            self._alerts.not_told(name, f"ctiqa cannot send it ({type(error).__name__})")
        else:
            self._alerts.told(name, news)


def _sender_of(channel: Alert) -> Callable[[Message], None]:
    """How messages are sent to a channel."""
    if isinstance(channel, Webhook):
        return lambda message: send_webhook(channel, message)
    if isinstance(channel, Mail):
        return lambda message: send_mail(channel, message)
    return lambda message: send_syslog(channel, message)
