"""Send results by STOW-RS (PS3.18, 10.5): one request for each, on one connection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from ctiqa.clinic.config.sending import StowTarget
from ctiqa.clinic.sending.answer import SENT, Answer, Parcel, later, never, no_target
from ctiqa.clinic.sending.posting import (
    OVERLOADED,
    NoAnswerError,
    Posted,
    Poster,
    authorization_of,
    refusal,
)
from ctiqa.clinic.sending.statuses import judged

ACCEPT = "application/dicom+json"

FAILED, REASON, INSTANCE = "00081198", "00081197", "00081155"
"""Failed SOP Sequence, Failure Reason, Referenced SOP Instance UID."""

BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that do not depend on the result: no other one would fare better now."""

LOCKED = frozenset({401, 403, 404, 407})
"""Answers that somebody must change settings for: the result is as good as any other."""


class StowSender:
    """Sends results by STOW-RS.

    Args:
        target: Where to.
    """

    def __init__(self, target: StowTarget) -> None:
        self._target = target

    def send(self, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Answer]]:
        """Send results, each in a request of its own, so that each has its own answer.

        Args:
            parcels: The results, at least one.

        Yields:
            Each result that was tried, with the answer; nothing more after an answer for all.
        """
        target, at = self._target, parcels[0]
        try:
            login = authorization_of(target)
            with Poster(f"{target.url}/studies", login, target.authorities) as server:
                for at in parcels:
                    answer = _store(server, at)
                    yield at, answer
                    if answer.is_of_target:
                        return
        except NoAnswerError as error:
            yield at, no_target(str(error))

    def end(self) -> None:
        """Nothing to do: a request does not keep the program from ending."""


def _store(server: Poster, parcel: Parcel) -> Answer:
    try:
        content = parcel.file.read_bytes()
    except OSError as error:
        return later(f"the file of the result cannot be read: {error.strerror}; see the disk")
    boundary = uuid4().hex
    head = (
        f"--{boundary}\r\nContent-Type: application/dicom; "
        f"transfer-syntax={parcel.transfer_syntax}\r\n\r\n"
    )
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    posted = server.post(body, {"Content-Type": kind, "Accept": ACCEPT})
    return answer_of(posted, parcel.sop_instance)


def answer_of(posted: Posted, sop_instance: str) -> Answer:
    """What an answer says of one result.

    Args:
        posted: The answer.
        sop_instance: SOP Instance UID of the result.

    >>> answer_of(Posted(200, "", b""), "1.2").verdict
    'sent'
    >>> answer_of(Posted(503, "", b""), "1.2").is_of_target
    True
    """
    status = posted.status
    if 200 <= status < 300 or status == 409:
        reason = _failure(posted, sop_instance)
        if reason is not None:
            return judged(reason)
    if 200 <= status < 300:
        return SENT
    if status in BUSY or status in LOCKED or 300 <= status < 400:
        return no_target(refusal(status))
    if status in OVERLOADED or status >= 500:
        return later(refusal(status))
    return never(refusal(status))


def _failure(posted: Posted, sop_instance: str) -> int | None:
    """Why an instance was not stored; ``None`` if the answer does not say so."""
    try:
        content = json.loads(posted.body)
    except (ValueError, RecursionError):
        return None
    for item in _items(content, FAILED):
        if _first(item, INSTANCE) in (sop_instance, None):
            reason = _first(item, REASON)
            return reason if isinstance(reason, int) else 0x0110
    return None


def _items(content: Any, tag: str) -> list[dict[str, Any]]:
    """The items of a sequence in DICOM JSON; some servers wrap the data set in a list."""
    content = content[0] if isinstance(content, list) and content else content
    element = content.get(tag) if isinstance(content, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _first(item: dict[str, Any], tag: str) -> Any:
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None
