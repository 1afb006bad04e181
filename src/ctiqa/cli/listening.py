"""The work of ``ctiqa listen``.

Imported only when the command runs, because it loads the libraries of the clinic.
"""

from __future__ import annotations

from pathlib import Path

from ctiqa.cli.console.say import complain, say
from ctiqa.cli.console.status import DONE, INTERRUPTED
from ctiqa.cli.console.stopping import stoppable
from ctiqa.clinic.config import Config, read_config
from ctiqa.clinic.service.logs import start_log
from ctiqa.clinic.service.starting import check_start, store_name
from ctiqa.clinic.service.supervisor import serve_clinic
from ctiqa.io.dicom.decoding import lazy_gdcm


def run_listen(file: str, *, check: bool) -> int:
    """Read the configuration, and run the clinic until it is stopped.

    Args:
        file: The configuration.
        check: Only check it.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the configuration is wrong, or the clinic cannot start.
    """
    lazy_gdcm.claim_process()
    config = read_config(Path(file))
    start_log()
    if check:
        check_start(config)
        say(f"ready to listen: {_line(config)}")
        return DONE
    with stoppable() as stop:
        stop.keep()
        try:
            serve_clinic(config, stop.asked, listening=lambda used: say(f"listens: {_line(used)}"))
        except KeyboardInterrupt:
            complain("stopped twice: what was acknowledged is scored at the next start")
            return stop.status or INTERRUPTED
    return DONE


def _line(config: Config) -> str:
    """Where it listens, and where everything is kept."""
    listen = config.listen
    return (
        f"{listen.host}:{listen.port} as {listen.ae_title}, spool '{config.spool.folder}', "
        f"store {store_name(config)}"
    )
