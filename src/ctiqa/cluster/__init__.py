"""A survey on many processes or computers: batches, files of results, and what runs them."""

from __future__ import annotations

from ctiqa.system.lazy import TYPE_CHECKING, lazy

if TYPE_CHECKING:
    from ctiqa.cluster.merging import Merged, merge_parts
    from ctiqa.cluster.parquet import merge_parts_to_parquet
    from ctiqa.cluster.setup import Setup
    from ctiqa.cluster.shard import Shard, survey_shard
    from ctiqa.cluster.survey import survey_on_cluster

__all__ = [
    "Merged",
    "Setup",
    "Shard",
    "merge_parts",
    "merge_parts_to_parquet",
    "survey_on_cluster",
    "survey_shard",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "ctiqa.cluster.merging": ["Merged", "merge_parts"],
            "ctiqa.cluster.parquet": ["merge_parts_to_parquet"],
            "ctiqa.cluster.setup": ["Setup"],
            "ctiqa.cluster.shard": ["Shard", "survey_shard"],
            "ctiqa.cluster.survey": ["survey_on_cluster"],
        },
    )
