"""Switch off telemetry of libraries before they are loaded."""

from __future__ import annotations

import os

OPT_OUTS = {
    "ORT_DISABLE_TELEMETRY": "1",
    "ORT_TELEMETRY_DISABLED": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Environment variables that libraries read when loaded. ONNX Runtime 1.29 and newer would
otherwise look up its vendor's host and leave an identifier in the home folder."""


def opt_out() -> None:
    """Opt out for this process and its child processes.

    >>> opt_out()
    >>> os.environ["ORT_DISABLE_TELEMETRY"]
    '1'
    """
    os.environ.update(OPT_OUTS)
