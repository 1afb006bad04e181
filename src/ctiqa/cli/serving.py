"""The work of ``ctiqa serve``.

Imported only when the command runs, because it loads the libraries of the dashboard.
"""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

from ctiqa.cli.console.say import say
from ctiqa.cli.console.status import DONE
from ctiqa.clinic.config import read_config
from ctiqa.clinic.config.checks.files import check_itself
from ctiqa.clinic.service.logs import LOGGER, start_log
from ctiqa.errors import OutputError
from ctiqa.web.app import make_app
from ctiqa.web.serving.server import run_server
from ctiqa.web.serving.starting import address_of, bound, check_start

LOG = logging.getLogger("ctiqa.web")


def run_serve(file: str) -> int:
    """Read the configuration, and serve until SIGTERM or Ctrl-C.

    Args:
        file: The configuration.

    Returns:
        The exit status.

    Raises:
        UsageError: If the configuration is wrong.
        DataError: If the store is damaged, or of a newer version of ctiqa.
        OutputError: If the port is in use, or a file cannot be written.
    """
    config = read_config(Path(file))
    check_start(config)
    _start_log()
    for each in check_itself(Path(file), config):
        LOG.warning("%s: %s", each.what, each.sentence)
    app = make_app(config)
    with closing(bound(config.web)) as listening:
        try:
            app.state.site.door.store()
        except OutputError as error:
            say(f"{error}; the pages say so until it can be reached", err=True)
        say(f"serves {address_of(listening)}")
        run_server(app, listening)
    return DONE


def _start_log() -> None:
    """Show the log of this process, and errors of the server in the same form."""
    start_log()
    server = logging.getLogger("uvicorn")
    server.handlers = logging.getLogger(LOGGER).handlers
    server.setLevel(logging.ERROR)
    server.propagate = False
    # Says of every form that is not well-formed what is wrong with it; the answer does, too.
    logging.getLogger("python_multipart").addHandler(logging.NullHandler())
