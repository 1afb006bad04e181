"""Requests for associations and their answers (PS3.8, 9.3; PS3.7, D), encoded by pynetdicom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pynetdicom import (
    ALL_TRANSFER_SYNTAXES,
    PYNETDICOM_IMPLEMENTATION_UID,
    PYNETDICOM_IMPLEMENTATION_VERSION,
)
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import PresentationContext, negotiate_as_acceptor
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    Verification,
    XRayRadiationDoseSRStorage,
)

from ctiqa.clinic.receiving.protocol.faults import ProtocolError
from ctiqa.clinic.receiving.protocol.pdus import HEADER, OWN_MOST_PDU, Kind
from ctiqa.io.silence import silent

ACCEPTED = frozenset(
    str(each)
    for each in (
        CTImageStorage,
        EnhancedCTImageStorage,
        LegacyConvertedEnhancedCTImageStorage,
        XRayRadiationDoseSRStorage,
        Verification,
    )
)
"""SOP classes that are accepted; all others are rejected, context by context."""

SYNTAXES = frozenset(map(str, ALL_TRANSFER_SYNTAXES))

APPLICATION = "1.2.840.10008.3.1.1.1"
"""The application context of DICOM."""

FIXED_BYTES = 68
"""Version, AE titles and reserved bytes, before the items of a request."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why no association is made (PS3.8, table 9-21).

    Attributes:
        result: 1 for good, 2 for now.
        source: Who rejects: 1 the user, 2 and 3 the provider of the service.
        reason: Reason, its meaning depends on the source.
        sentence: The same for the log.
    """

    result: int
    source: int
    reason: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Titles:
    """Who calls whom.

    Attributes:
        calling: AE title of the sender.
        called: AE title that it calls.
        is_known_version: Whether it speaks version 1 of the protocol.
    """

    calling: str
    called: str
    is_known_version: bool


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context.

    Attributes:
        sop_class: Its abstract syntax.
        transfer_syntax: How its data sets are encoded.
    """

    sop_class: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """What sender and listener agreed upon.

    Attributes:
        contexts: Accepted presentation contexts by number.
        most_pdu: Longest PDU that the sender takes; 0 for any.
        pdu: The answer to its request.
    """

    contexts: Mapping[int, Context]
    most_pdu: int
    pdu: bytes


def titles(body: bytearray) -> Titles:
    """AE titles in a request, of which nothing else is parsed.

    Raises:
        ProtocolError: If it is too short.
    """
    if len(body) < FIXED_BYTES:
        raise ProtocolError("the request for an association is cut off")
    version = int.from_bytes(body[:2], "big")
    return Titles(_title(body[20:36]), _title(body[4:20]), bool(version & 1))


def agree(body: bytearray) -> Agreement | Rejection:
    """Answer a request of a sender that may send.

    The first transfer syntax that the sender proposes is taken: it need not convert anything.

    Raises:
        ProtocolError: If the request cannot be read.
    """
    # pydicom warns of UIDs that are none, and quotes them.
    with silent():
        return _agree(_read(body))


def _agree(request: A_ASSOCIATE) -> Agreement | Rejection:
    if str(request.application_context_name) != APPLICATION:
        return Rejection(1, 1, 2, "it asks for an application that is not DICOM")
    proposed = request.presentation_context_definition_list
    if len({each.context_id for each in proposed}) < len(proposed):
        raise ProtocolError("the request for an association has two contexts with one number")
    contexts = [negotiate_as_acceptor([each], [_offer(each)])[0][0] for each in proposed]
    accepted = {
        int(each.context_id or 0): Context(str(each.abstract_syntax), str(each.transfer_syntax[0]))
        for each in contexts
        if each.result == 0
    }
    return Agreement(accepted, request.maximum_length_received or 0, _accept(request, contexts))


def _title(data: bytearray) -> str:
    return data.decode("ascii", "replace").strip("\0 ")


def _read(body: bytearray) -> A_ASSOCIATE:
    pdu = A_ASSOCIATE_RQ()
    try:
        pdu.decode(HEADER.pack(Kind.REQUEST, len(body)) + body)
        return pdu.to_primitive()
    # On damaged requests, pynetdicom raises anything; its messages quote what came.
    except Exception as error:  # noqa: BLE001
        raise ProtocolError(
            f"the request for an association cannot be read ({type(error).__name__})"
        ) from None


def _offer(proposed: PresentationContext) -> PresentationContext:
    """What is accepted of a proposed context."""
    offer = PresentationContext()
    is_accepted = str(proposed.abstract_syntax) in ACCEPTED
    offer.abstract_syntax = proposed.abstract_syntax if is_accepted else Verification
    known = [each for each in proposed.transfer_syntax if str(each) in SYNTAXES]
    offer.transfer_syntax = [*known] or [ALL_TRANSFER_SYNTAXES[0]]
    return offer


def _accept(request: A_ASSOCIATE, contexts: list[PresentationContext]) -> bytes:
    """The PDU that accepts."""
    answer = A_ASSOCIATE()
    answer.application_context_name = APPLICATION
    answer.calling_ae_title = request.calling_ae_title
    answer.called_ae_title = request.called_ae_title
    answer.result, answer.result_source = 0, 1
    answer.presentation_context_definition_results_list = contexts
    length = MaximumLengthNotification()
    length.maximum_length_received = OWN_MOST_PDU
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = PYNETDICOM_IMPLEMENTATION_UID
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = PYNETDICOM_IMPLEMENTATION_VERSION
    answer.user_information = [length, implementation, version]
    pdu = A_ASSOCIATE_AC()
    pdu.from_primitive(answer)
    return bytes(pdu.encode())
