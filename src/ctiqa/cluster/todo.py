"""What is to be done: the batches of all units, less those whose parts are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy

from ctiqa.cluster.batches import Batch, Place, batches_of
from ctiqa.cluster.books import Books
from ctiqa.cluster.parts.parts import Parts, make_parts
from ctiqa.cluster.setup import Job, Setup, Work
from ctiqa.cluster.tasks import Task
from ctiqa.errors import UsageError
from ctiqa.store.store import Store


def begin(
    setup: Setup, address: str, store: Store | None, *, jobs: int | None = 1
) -> tuple[Job, Parts]:
    """Open the parts, or begin new ones.

    Args:
        setup: How series are scored.
        address: Where the parts are.
        store: The store that the results are for, if it is known already.
        jobs: Slices that one process scores at once; ``None`` takes all cores.

    Raises:
        UsageError: If the parts are those of another survey or store.
        DataError: If they are damaged.
        OutputError: If the place cannot be written.
    """
    how = setup.how
    privacy = setup.privacy if store is None else store.privacy
    parts = make_parts(address, how, setup.choice.digest, privacy)
    if store is not None and parts.privacy != store.privacy:
        raise UsageError(
            f"the parts in '{parts.place.name}' were not made for this store; name another place, "
            "or put them into the store first with 'ctiqa survey merge'"
        )
    return Job(setup, address, parts.survey, parts.privacy, how, jobs), parts


def tasks_to_do(
    places: Iterable[Place],
    job: Job,
    done: Iterable[str],
    books: Books,
    *,
    work: Work,
    mine: Callable[[str], bool] = lambda _key: True,
) -> list[Task]:
    """The tasks of all units, in the order of the units, each once.

    Args:
        places: The units.
        job: What the tasks have in common.
        done: Keys of batches that are done.
        books: Told of what is found, and of what was done before.
        work: Scores one unit.
        mine: Whether a key is for this process.
    """
    known = set(done)
    found: dict[str, Batch] = {}
    # A copy of a unit lacks the headers, which workers read again: they would fill the memory.
    for batch in batches_of((root, copy(unit)) for root, unit in places):
        key = batch.key(job)
        if mine(key) and key not in found:
            found[key] = batch
            books.listed(batch)
    for key in found.keys() & known:
        books.before(found[key])
    return [Task(job, key, batch, work=work) for key, batch in found.items() if key not in known]
