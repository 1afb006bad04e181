"""The address that a request comes from, also behind a proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.requests import HTTPConnection

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = "unknown"


def client_address(request: HTTPConnection, proxies: Sequence[str]) -> str:
    """Address of the client.

    ``X-Forwarded-For`` counts only as far as proxies of the configuration have written it: of its
    addresses, the last one that is no proxy.

    Args:
        request: The request.
        proxies: Addresses and networks of proxies.
    """
    networks = [ipaddress.ip_network(each) for each in proxies]
    peer = _address(request.client.host if request.client else "")
    if peer is None:
        return UNKNOWN
    named = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while _is_among(peer, networks) and named:
        before = _address(named.pop())
        if before is None:
            break
        peer = before
    return str(peer)


def limited_by(address: str) -> str:
    """What tries are counted by: an address; of IPv6 the network that one customer has.

    >>> limited_by("2001:db8::1"), limited_by("10.0.0.9")
    ('2001:db8::/64', '10.0.0.9')
    """
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    # One computer must not have two names.
    return getattr(found, "ipv4_mapped", None) or found


def _is_among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
