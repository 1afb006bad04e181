"""One store for the results of many runs: SQLite in a file, or PostgreSQL.

>>> import tempfile
>>> from pathlib import Path
>>> from ctiqa.store import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     with open_store(Path(folder, "ct.sqlite")) as store:
...         store.scans().height
0
"""

from __future__ import annotations

from ctiqa.system.lazy import TYPE_CHECKING, lazy

if TYPE_CHECKING:
    from ctiqa.store.content import content_digest
    from ctiqa.store.keys import SeriesKey, model_digest, options_digest, series_key
    from ctiqa.store.opening import open_store
    from ctiqa.store.run import Run
    from ctiqa.store.store import Store

__all__ = [
    "Run",
    "SeriesKey",
    "Store",
    "content_digest",
    "model_digest",
    "open_store",
    "options_digest",
    "series_key",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "ctiqa.store.content": ["content_digest"],
            "ctiqa.store.keys": ["SeriesKey", "model_digest", "options_digest", "series_key"],
            "ctiqa.store.opening": ["open_store"],
            "ctiqa.store.run": ["Run"],
            "ctiqa.store.store": ["Store"],
        },
    )
