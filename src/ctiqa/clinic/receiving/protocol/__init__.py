"""Connections, PDUs, commands and negotiation, with limits on all of them."""
