"""Put parts into a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ctiqa.cluster.books import Say, silent
from ctiqa.cluster.parts.part import DamagedPartError
from ctiqa.cluster.parts.parts import Parts, open_parts
from ctiqa.cluster.parts.shards import shards_to_do
from ctiqa.errors import UsageError
from ctiqa.store.bundle import Bundle
from ctiqa.store.opening import open_store_like
from ctiqa.store.run import Run
from ctiqa.store.store import Store


@dataclass(frozen=True, slots=True)
class Merged:
    """What was merged.

    Attributes:
        parts: Parts that were read.
        scans: Scans in them.
        new: Those of them that were new.
        skipped: Inputs that were skipped, as far as they could be taken over.
        damaged: Parts that could not be read; the next survey does them again.
        to_do: Shards that have not ended, such as ``57/100``: their results are missing.
        is_for_store: Whether the store can tell from these results which files need not be
            surveyed again; it cannot if the key of its hashes is another one.
    """

    parts: int = 0
    scans: int = 0
    new: int = 0
    skipped: int = 0
    damaged: int = 0
    to_do: tuple[str, ...] = ()
    is_for_store: bool = True


def merge_parts(
    parts: str | os.PathLike[str], store: Store | str | os.PathLike[str], *, say: Say = silent
) -> Merged:
    """Put all parts of a survey into a store. Doing it again changes nothing.

    Args:
        parts: Folder or URL of the parts; they are left as they are, except damaged ones, which
            are set aside.
        store: An open store, or the address of one; a new one gets the settings of the parts.
        say: Told of damaged parts.

    Raises:
        NothingToDoError: If there are no parts.
        UsageError: If the store keeps other things than the parts, or an address is not one.
        DataError: If the store or the file of settings is damaged.
        OutputError: If something cannot be read or written.
    """
    source = open_parts(os.fspath(parts))
    if isinstance(store, Store):
        return _merge(source, store, say)
    with open_store_like(store, source.privacy) as opened:
        return _merge(source, opened, say)


def readable(parts: Parts, say: Say) -> Iterator[list[Bundle] | None]:
    """The contents of all parts, in the order in which they were written.

    Yields:
        The bundles of a part; ``None`` for a damaged one, which is set aside.
    """
    for key in parts.written():
        try:
            yield parts.read(key)
        except FileNotFoundError:
            continue
        except DamagedPartError as error:
            say(
                f"The part {key} is damaged: {error}. It was set aside; repeat the survey to make "
                "it again."
            )
            yield None


def _merge(parts: Parts, store: Store, say: Say) -> Merged:
    check_settings(parts, store)
    is_for_store = parts.privacy == store.privacy
    run = Run("merge")
    total = Merged(to_do=shards_to_do(parts.place), is_for_store=is_for_store)
    for bundles in readable(parts, say):
        if bundles is None:
            total = replace(total, damaged=total.damaged + 1)
            continue
        kept = bundles if is_for_store else [_without_hashes(each) for each in bundles]
        total = replace(
            total,
            parts=total.parts + 1,
            scans=total.scans + sum(len(each.scans) for each in kept),
            new=total.new + sum(store.put(each, run) for each in kept),
            skipped=total.skipped + sum(len(each.skipped) for each in kept),
        )
    if total.parts:
        store.finish(run)
    return total


def check_settings(parts: Parts, store: Store) -> None:
    """Check that a store may take parts.

    Raises:
        UsageError: If it keeps other things than the parts.
    """
    made, kept = parts.privacy, store.privacy
    for name, there, here in (("uids", made.uids, kept.uids), ("dates", made.dates, kept.dates)):
        if there != here:
            raise UsageError(
                f"the parts were made with {name!r} {there!r}, and the store keeps {here!r}; merge "
                "into a new store, which gets the settings of the parts"
            )
    if made.uids == "hashed" and made.secret != kept.secret:
        raise UsageError(
            "the UIDs of the parts and of the store are hashed with different keys, so the same "
            "series could not be recognised; merge into a new store, or survey again with this "
            "store"
        )


def _without_hashes(bundle: Bundle) -> Bundle:
    """What a store with another key can use: not what stands for the names of files."""
    scans = tuple(replace(each, inputs=()) for each in bundle.scans)
    return replace(bundle, scans=scans, skipped={}, marks=())
