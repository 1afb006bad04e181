"""Libraries that report their use over the network are told not to, before they are loaded."""

from __future__ import annotations

import os

OPT_OUTS = {
    "ORT_DISABLE_TELEMETRY": "1",
    "ORT_TELEMETRY_DISABLED": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Environment variables that libraries read when they are loaded. ONNX Runtime, from version 1.29
on, would look up its maker's host and leave an identifier in the home folder."""


def opt_out() -> None:
    """Say no for this process and all that it starts.

    >>> opt_out()
    >>> os.environ["ORT_DISABLE_TELEMETRY"]
    '1'
    """
    os.environ.update(OPT_OUTS)
