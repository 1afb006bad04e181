"""Optional libraries that have no types."""

from __future__ import annotations

from importlib import import_module
from typing import Any

PRELOAD = "ctiqa.cluster.engines.preload"
"""Module that workers load first."""

Client = Any
"""A client of dask."""

Future = Any
"""A task that dask runs."""

Security = Any
"""Certificates, as dask takes them."""


def library(name: str) -> Any:
    """A library, loaded on the first call; check with ``require_extra`` that it is installed.

    >>> library("json").dumps(1)
    '1'
    """
    return import_module(name)
