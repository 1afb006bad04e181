"""Who may send: by AE title and address, as the configuration lists them."""

from __future__ import annotations

import ipaddress

from ctiqa.clinic.config.listening import Listen, Peer
from ctiqa.clinic.receiving.protocol.negotiation import Rejection
from ctiqa.errors import UsageError


def check_peers(listen: Listen) -> None:
    """Check that somebody may send.

    Raises:
        UsageError: If nobody may.

    >>> check_peers(Listen())
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'peers' in [listen] must list who may send, got none; add
    [[listen.peers]] with 'ae_title' for each sender, or set 'any_peer' for a trial
    """
    if not listen.peers and not listen.any_peer:
        raise UsageError(
            "'peers' in [listen] must list who may send, got none; add [[listen.peers]] with "
            "'ae_title' for each sender, or set 'any_peer' for a trial"
        )


def why_rejected(listen: Listen, calling: str, called: str, address: str) -> Rejection | None:
    """Why a sender is rejected; ``None`` if it may send.

    Args:
        listen: The configuration.
        calling: AE title by which it calls itself.
        called: AE title that it calls.
        address: Its IP address.

    >>> listen = Listen(peers=[Peer(ae_title="CT1", addresses=["10.0.0.0/24"])])
    >>> why_rejected(listen, "CT1", "CTIQA", "10.0.0.7")
    >>> why_rejected(listen, "CT1", "CTIQA", "10.0.1.7").sentence
    'its address is not listed; add it to [[listen.peers]] if it may send'
    """
    if not calling:
        return _unknown("it has no AE title; state one")
    named = [peer for peer in listen.peers if peer.ae_title == calling]
    if not listen.any_peer and not named:
        return _unknown("its AE title is not listed; add it to [[listen.peers]] if it may send")
    if named and not any(_comes_from(peer, address) for peer in named):
        return _unknown("its address is not listed; add it to [[listen.peers]] if it may send")
    if called != listen.ae_title:
        return Rejection(1, 1, 7, f"it calls another AE title than '{listen.ae_title}'")
    return None


def _unknown(sentence: str) -> Rejection:
    return Rejection(1, 1, 3, sentence)


def _comes_from(peer: Peer, address: str) -> bool:
    if not peer.addresses:
        return True
    caller = ipaddress.ip_address(address.partition("%")[0])
    # A sender with IPv4 at a socket for both has an address such as ::ffff:10.0.0.7.
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller in ipaddress.ip_network(each) for each in peer.addresses)
