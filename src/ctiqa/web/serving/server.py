"""Run the application until it is stopped."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ctiqa.web.gates.head import MOST_HEAD
from ctiqa.web.serving.protocol import TimedProtocol

MOST_CONNECTIONS = 512
"""Number of connections at once; more get 503."""

KEEP_ALIVE_S = 15
"""An unused connection is closed after so many seconds."""

SWITCH_S = 0.001
"""A thread that computes lets others work after so many seconds; 0.005 is usual in Python."""

STOP_S = 4
"""Time that requests have to end when the server is stopped, in seconds."""


def run_server(app: FastAPI, listening: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C; requests in hand have 4 s to end.

    Args:
        app: The application.
        listening: A socket that listens.
    """
    server = uvicorn.Server(settings(app))
    # The server raises the signal once more when it has stopped; that is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignored)
    sys.setswitchinterval(SWITCH_S)
    server.run(sockets=[listening])


def settings(app: FastAPI) -> uvicorn.Config:
    """Settings of the server; headers of proxies are the application's business."""
    return uvicorn.Config(
        app,
        http=TimedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=MOST_HEAD,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )


def _ignored(_number: int, _frame: FrameType | None) -> None:
    """The signal was handled."""
