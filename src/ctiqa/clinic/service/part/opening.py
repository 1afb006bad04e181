"""Open the store of the configuration, and wait for it if need be."""

from __future__ import annotations

from threading import Event

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.records.claim import Claim
from ctiqa.clinic.service.part.patience import insist
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.opening import open_store
from ctiqa.store.store import Store


def store_of(config: Config) -> Store:
    """Open the store of a configuration.

    Raises:
        UsageError: If the address or password is wrong, or the store was created with other
            ``uids`` or ``dates``.
        DataError: If the database is not a store, is damaged, or was made by a newer ctiqa.
        OutputError: If it cannot be reached or written.
    """
    settings = config.store
    return open_store(settings.url(), uids=settings.uids, dates=settings.dates)


def store_when_there(config: Config, part: str, stop: Event) -> Store | None:
    """Open the store, however long it takes until the database answers.

    Args:
        config: The configuration.
        part: Name of the part, for the log.
        stop: Ends the waiting.

    Returns:
        The store; ``None`` if the waiting was ended.

    Raises:
        UsageError: If the configuration does not fit the store, or a listener with another spool
            uses it.
    """
    return insist(lambda: _claimed(config), part, stop)


def _claimed(config: Config) -> Store:
    store = store_of(config)
    try:
        if identity := SpoolFolder(config.spool.folder).identity():
            Claim(store, identity).make()
    except BaseException:
        store.close()
        raise
    return store
