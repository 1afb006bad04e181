from __future__ import annotations

import io
import json

from rich.console import Console, RenderableType

from benchmarks.process import Peak
from benchmarks.report import as_json, as_tables, memory_table, times_table
from benchmarks.rounds import Comparison, Times
from benchmarks.setting import Memory, Section

OURS = Times("ctiqa, openvino", 256, (1.0, 2.0, 1.0))
THEIRS = Times("DistilIQA, torch, batch 1", 16, (10.0, 16.0, 8.0))
COMPARED = Comparison("512 × 512", THEIRS.name, (OURS, THEIRS))
"""Rates 256, 128, 256 against 1.6, 1, 2: ratios 160, 128, 128."""


def shown(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=110)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_table_has_median_range_rate_and_ratio() -> None:
    _, ours, theirs = shown(times_table([COMPARED])).splitlines()
    assert ours.split("  ")[0] == "512 × 512"
    assert "1.00 (1.00–2.00)" in ours
    assert " 256 " in ours
    assert ours.rstrip().endswith("128 (128–160)")
    assert "10.0 (8.0–16.0)" in theirs
    assert " 1.60 " in theirs
    assert theirs.split()[-1] == "1"
    assert "512" not in theirs


def test_a_single_slice_beside_many_has_a_rate() -> None:
    two = Comparison("c", "b", (Times("a", 16, (1.0,)), Times("b", 1, (4.0,))))
    assert shown(times_table([two])).splitlines()[2].split() == [
        *("b", "4.00", "(4.00–4.00)", "0.25", "1")
    ]


def test_a_start_has_no_rate() -> None:
    start = Comparison("start", "a", (Times("a", 1, (0.5,)),))
    assert shown(times_table([start])).splitlines()[1].split() == [
        *("start", "a", "0.50", "(0.50–0.50)", "1")
    ]


def test_memory_stands_side_by_side_for_every_length() -> None:
    memory = [
        Memory("JPEG-LS, openvino", 600, Peak(301.4, 222.6)),
        Memory("JPEG-LS, openvino", 100, Peak(299.4, 220.4)),
        Memory("JPEG-LS, other", 100, Peak(150.0, None)),
    ]
    head, first, second = shown(memory_table(memory)).splitlines()
    assert head.index("RSS MiB, 100") < head.index("PSS MiB, 100") < head.index("RSS MiB, 600")
    assert first.split()[-4:] == ["299", "220", "301", "223"]
    assert second.split() == ["JPEG-LS,", "other", "150"]


def test_what_is_left_out_is_said() -> None:
    section = Section("Title", "how to read it", left_out=("all: torch missing",))
    assert shown(as_tables(section)).splitlines() == [
        *("Title", "how to read it", "left out: all: torch missing")
    ]


def test_json_holds_every_run() -> None:
    memory = (Memory("JPEG-LS", 100, Peak(299.4, None)),)
    section = Section("Title", "note", (COMPARED,), memory, ("why",))
    found = json.loads(as_json({"made": "today"}, {"competitors": section}))
    assert found == {
        "schema": 2,
        "made": "today",
        "sections": {
            "competitors": {
                "title": "Title",
                "note": "note",
                "comparisons": [
                    {
                        "name": "512 × 512",
                        "reference": "DistilIQA, torch, batch 1",
                        "times": [
                            {
                                "name": "ctiqa, openvino",
                                "slices": 256,
                                "seconds": [1.0, 2.0, 1.0],
                                "slices_per_s": 256.0,
                                "ratios": [160.0, 128.0, 128.0],
                            },
                            {
                                "name": "DistilIQA, torch, batch 1",
                                "slices": 16,
                                "seconds": [10.0, 16.0, 8.0],
                                "slices_per_s": 1.6,
                                "ratios": [1.0, 1.0, 1.0],
                            },
                        ],
                    }
                ],
                "memory": [
                    {
                        "name": "JPEG-LS",
                        "slices": 100,
                        "peak": {"rss_mib": 299.4, "pss_mib": None},
                    }
                ],
                "left_out": ["why"],
            }
        },
    }
