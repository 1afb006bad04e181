"""Checks of what only this computer knows: files, keys, databases, ports, other servers."""
