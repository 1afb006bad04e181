"""Messages as JSON by HTTP POST."""

from __future__ import annotations

import json

from ctiqa.clinic.alerts.channels.fault import NotToldError
from ctiqa.clinic.alerts.message import Message
from ctiqa.clinic.config.sending import Webhook
from ctiqa.clinic.sending.posting import NoAnswerError, Poster, bearer, refusal


def send_webhook(channel: Webhook, message: Message) -> None:
    """Send a message.

    Raises:
        NotToldError: If the receiver cannot be reached or refuses it.
    """
    body = json.dumps(message.as_json(), ensure_ascii=False, allow_nan=False).encode()
    try:
        token = None if channel.token_file is None else bearer(channel.token_file)
        with Poster(channel.url, token, channel.authorities) as server:
            status = server.post(body, {"Content-Type": "application/json"}).status
    except NoAnswerError as error:
        raise NotToldError(str(error)) from None
    if not 200 <= status < 300:
        raise NotToldError(refusal(status))
