"""Send results by C-STORE: one association for all that are due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydicom.uid import UncompressedTransferSyntaxes
from pynetdicom import AE, build_context, evt
from pynetdicom.presentation import PresentationContext

from ctiqa.clinic.config.sending import DicomTarget
from ctiqa.clinic.sending.answer import Answer, Parcel, later, never, no_target
from ctiqa.clinic.sending.probing import unreachable, why_no_association
from ctiqa.clinic.sending.statuses import judged
from ctiqa.clinic.sending.tls import TlsError, client_context

CONNECT_S = 15.0
"""How long to wait for a connection."""

ANSWER_S = 60.0
"""How long to wait for the answer to a request."""

IMPLICIT = "1.2.840.10008.1.2"
"""Implicit VR Little Endian, which every target must accept (PS3.5, 10.1)."""

MOST_CONTEXTS = 128
"""Presentation contexts of one association (PS3.8, 7.1.1.13)."""

REJECTIONS = {
    (1, 3): "does not know the AE title of ctiqa ('{calling}'); add it there",
    (1, 7): "has another AE title than '{called}'; correct 'ae_title' of the target",
    (3, 1): "is overloaded",
    (3, 2): "has too many associations already",
}
"""Why an association is rejected, by source and reason (PS3.8, table 9-21)."""


class DicomSender:
    """Sends results by C-STORE.

    Args:
        target: Where to.
        calling: AE title of ctiqa.
    """

    def __init__(self, target: DicomTarget, calling: str) -> None:
        self._target = target
        self._calling = calling
        self._association: Any = None

    def send(self, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Answer]]:
        """Send results on one association.

        Args:
            parcels: The results, at least one.

        Yields:
            Each result that was tried, with the answer. If the association ends early, the rest is
            not tried; if none can be made, the answer is one for all.
        """
        try:
            association = self._associate(_contexts(parcels))
        except TlsError as error:
            yield parcels[0], no_target(str(error))
            return
        except OSError as error:
            yield parcels[0], no_target(unreachable(error))
            return
        try:
            # A target that takes none of the contexts ends the association at once.
            offered = association.accepted_contexts + association.rejected_contexts
            if association.is_established or offered:
                yield from _store_all(association, parcels)
            else:
                yield parcels[0], _unassociated(association, self._target, self._calling)
        finally:
            self._association = None
            if association.is_established:
                association.release()

    def end(self) -> None:
        """Give up the association in hand: its thread would keep the program from ending."""
        association = self._association
        if association is not None:
            association.dul.kill_dul()

    def _associate(self, contexts: list[PresentationContext]) -> Any:
        """An association, which may have failed.

        Raises:
            TlsError: If a certificate of ctiqa cannot be used.
            OSError: If the name of the host is unknown.
        """
        target = self._target
        entity = AE(self._calling)
        entity.acse_timeout = entity.connection_timeout = CONNECT_S
        entity.dimse_timeout = entity.network_timeout = ANSWER_S
        tls = None if target.tls is None else (client_context(target.tls), target.host)
        return entity.associate(
            target.host,
            target.port,
            contexts=contexts,
            ae_title=target.ae_title,
            tls_args=tls,
            evt_handlers=[(evt.EVT_REQUESTED, self._requested)],
        )

    def _requested(self, event: Any) -> None:
        self._association = event.assoc


def _store_all(association: Any, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Answer]]:
    """Send results until the association ends; the first one is tried in any case."""
    taken = {str(each.abstract_syntax) for each in association.accepted_contexts}
    for parcel in parcels:
        if parcel.sop_class not in taken:
            yield parcel, judged(0x0122)
        elif association.is_established or parcel is parcels[0]:
            yield parcel, _store(association, parcel)


def _contexts(parcels: Sequence[Parcel]) -> list[PresentationContext]:
    """What the results need: one context for each kind and encoding."""
    needed = dict.fromkeys((each.sop_class, each.transfer_syntax) for each in parcels)
    return [
        build_context(sop_class, _syntaxes(syntax))
        for sop_class, syntax in [*needed][:MOST_CONTEXTS]
    ]


def _syntaxes(syntax: str) -> list[str]:
    """The encoding of a file; one that is not compressed may be sent in the default encoding."""
    is_convertible = syntax in UncompressedTransferSyntaxes and syntax != "1.2.840.10008.1.2.2"
    return list(dict.fromkeys([syntax, IMPLICIT])) if is_convertible else [syntax]


def _unassociated(association: Any, target: DicomTarget, calling: str) -> Answer:
    """Why there is no association."""
    if not association.is_rejected:
        return no_target(why_no_association(target, CONNECT_S))
    said = association.acceptor.primitive
    text = REJECTIONS.get((said.result_source, said.diagnostic), "rejects the association")
    text = text.format(calling=calling, called=target.ae_title)
    known = "" if ";" in text else "; see its settings for ctiqa"
    kind = "for now" if said.result == 2 else "permanently"
    return no_target(f"it {text}{known} (association rejected {kind})")


def _store(association: Any, parcel: Parcel) -> Answer:
    """Send one result."""
    try:
        answer = association.send_c_store(str(parcel.file))
    except (OSError, RuntimeError) as error:
        return later(f"sending was interrupted ({type(error).__name__})")
    # What the libraries raise for a damaged file is not documented, and must cost no other result.
    except Exception as error:  # noqa: BLE001
        return never(
            "the file is damaged, or the target takes it in another encoding only "
            f"({type(error).__name__}); allow Explicit VR Little Endian there, or score the series "
            "again"
        )
    if "Status" not in answer:
        return later(
            f"it has ended the association, or has not answered within {ANSWER_S:.0f} s; see its "
            "log"
        )
    return judged(int(answer.Status))
