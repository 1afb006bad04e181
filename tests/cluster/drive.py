"""A survey in a process of its own, to be killed: ``shard|cluster PARTS UNITS``."""

from __future__ import annotations

import sys

from tests.cluster import fakes

from ctiqa.cluster import Setup, Shard, survey_on_cluster, survey_shard


def main() -> None:
    kind, parts, count = sys.argv[1:4]
    units = fakes.units(int(count))
    if kind == "shard":
        survey_shard(units, Setup(), Shard(1, 1), parts, work=fakes.slow_work)
    else:
        survey_on_cluster(units, Setup(), kind, parts, work=fakes.slow_work)


if __name__ == "__main__":
    main()
