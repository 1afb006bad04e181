"""Names by which the site may be called, against DNS rebinding.

A page of another site can point its own name at this address, and then read this site as its own.
It cannot change the name that the browser sends.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import Scope

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.ASCII)
"""Name and port; anything else, such as ``name:1@other``, could end in an address of a redirect."""


def is_own_host(scope: Scope, names: Collection[str]) -> bool:
    """Whether a request calls the site by one of its names.

    The names of the loopback address, and the address that was connected to, need the port that
    the server listens on; names of the configuration may be followed by any port, as a proxy may
    listen on another one.

    Args:
        scope: The request.
        names: Names of the configuration, in lower case; one with a port needs that port.
    """
    found = Headers(scope=scope).getlist("host")
    if len(found) != 1:
        return False
    host = found[0].lower()
    parts = HOST.fullmatch(host)
    if parts is None:
        return False
    name, port = parts[1], parts[2] or "80"
    if host in names or name in names:
        return True
    server = scope.get("server")
    if server is None or port != str(server[1] or 80):
        return False
    # No other site can take an address for its name.
    return name in LOOPBACK or name.strip("[]") == server[0]


def own_names(host: str, names: Collection[str]) -> frozenset[str]:
    """Names of the configuration, and the address that the server listens on.

    >>> sorted(own_names("10.0.0.9", ["CT.Hospital"])), own_names("0.0.0.0", [])
    (['10.0.0.9', 'ct.hospital'], frozenset())
    """
    found = {name.lower() for name in names}
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return frozenset(found - LOOPBACK | {host.lower()} - LOOPBACK)
    if not address.is_unspecified and not address.is_loopback:
        found.add(f"[{address}]" if address.version == 6 else str(address))
    return frozenset(found - LOOPBACK)
