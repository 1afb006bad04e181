"""Which shards of a survey have come to their end, so that nobody takes a part for the whole."""

from __future__ import annotations

import re
from collections import defaultdict

from ctiqa.cluster.parts.place import Place

BEGUN, ENDED = "begun", "ended"

_NAME = re.compile(r"shard-(\d{1,6})-of-(\d{1,6})\.(begun|ended)")


def note_shard(place: Place, number: int, of: int, state: str) -> None:
    """Note that a shard has begun or ended.

    Args:
        place: Where the parts are.
        number: Which shard, from 1.
        of: Number of all.
        state: :data:`BEGUN` or :data:`ENDED`.
    """
    place.write(f"shard-{number}-of-{of}.{state}", f"{state}\n".encode())
    place.remove(f"shard-{number}-of-{of}.{BEGUN if state == ENDED else ENDED}")


def shards_to_do(place: Place) -> tuple[str, ...]:
    """Shards that have not begun, were stopped, or are still running, such as ``57/100``.

    If the work was divided in several ways, one that is complete is enough; otherwise the way with
    most shards that have ended counts.

    Returns:
        The shards in order; none if all have ended, or if there were no shards.
    """
    ended: dict[int, set[int]] = defaultdict(set)
    for name in place.files():
        if found := _NAME.fullmatch(name):
            ended[int(found[2])] |= {int(found[1])} if found[3] == ENDED else set()
    left = {of: sorted(set(range(1, of + 1)) - done) for of, done in ended.items()}
    best = min(left, key=lambda of: (bool(left[of]), -len(ended[of])), default=0)
    return tuple(f"{number}/{best}" for number in left.get(best, ()))
