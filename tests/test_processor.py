"""What a processor can do is read from its flags; how many cores there are, from the system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctiqa.system.processor import has_bfloat16, lacks_bfloat16, usable_cores


@pytest.mark.parametrize(
    ("text", "has", "lacks"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512_bf16\n", True, False),
        ("flags : fpu amx_bf16 amx_tile\n", True, False),
        ("Features\t: fp asimd bf16\n", True, False),
        ("flags\t\t: fpu avx2 avx512f\n", False, True),
        ("Features\t: fp asimd\n", False, True),
        ("nothing of the kind\n", False, False),
        ("", False, False),
    ],
)
def test_flags(tmp_path: Path, text: str, has: bool, lacks: bool) -> None:
    (tmp_path / "cpuinfo").write_text(text, encoding="ascii")
    assert has_bfloat16(tmp_path / "cpuinfo") is has
    assert lacks_bfloat16(tmp_path / "cpuinfo") is lacks


def test_where_there_is_no_list_nothing_is_ruled_in_or_out(tmp_path: Path) -> None:
    assert not has_bfloat16(tmp_path / "cpuinfo")
    assert not lacks_bfloat16(tmp_path / "cpuinfo")


def test_where_the_system_names_no_usable_cores_all_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for found, cores in ((3, 3), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda found=found: found)
        assert usable_cores() == cores
